package store

// savingsSchema is migration 3: goal savings. A user's rows are guarded by the user's version; every other row says whose it is (usr), and of
// which partner, so that no list needs a join to keep partners apart.
const savingsSchema = `
	CREATE TABLE savings_user (
		id              TEXT PRIMARY KEY,
		partner         TEXT NOT NULL,
		external_id     TEXT NOT NULL,
		given_name      TEXT NOT NULL,
		family_name     TEXT NOT NULL,
		locale          TEXT NOT NULL,
		zone            TEXT NOT NULL,
		request_id      TEXT NOT NULL,
		requested_by    TEXT NOT NULL,
		requested_at    BIGINT NOT NULL,
		initiated_at    BIGINT NOT NULL,
		monthly_cap     BIGINT NOT NULL,
		minimum_balance BIGINT NOT NULL,
		spent_period    TEXT NOT NULL,
		spent           BIGINT NOT NULL,
		balance         BIGINT,
		balance_at      BIGINT NOT NULL,
		unread          BIGINT NOT NULL,
		journey         TEXT NOT NULL,
		created         BIGINT NOT NULL,
		destroyed       BIGINT NOT NULL,
		version         BIGINT NOT NULL
	);
	CREATE UNIQUE INDEX savings_user_external ON savings_user (partner, external_id);
	CREATE INDEX savings_user_listed ON savings_user (partner, created, id, destroyed);

	CREATE TABLE savings_account (
		id           TEXT PRIMARY KEY,
		usr          TEXT NOT NULL,
		partner      TEXT NOT NULL,
		type         TEXT NOT NULL,
		external_id  TEXT NOT NULL,
		balance      BIGINT NOT NULL,
		opening      BIGINT NOT NULL,
		liquid       BIGINT NOT NULL,
		gain         BIGINT NOT NULL,
		gain_percent DOUBLE PRECISION NOT NULL,
		acquisition  BIGINT NOT NULL,
		valued_from  BIGINT NOT NULL,
		valued_at    BIGINT NOT NULL,
		created      BIGINT NOT NULL,
		journey      TEXT NOT NULL
	);
	CREATE INDEX savings_account_user ON savings_account (usr, created, id);
	CREATE UNIQUE INDEX savings_account_external ON savings_account (usr, external_id) WHERE external_id <> '';
	CREATE INDEX savings_account_listed ON savings_account (partner, created, id);
	CREATE INDEX savings_account_found ON savings_account (partner, external_id) WHERE external_id <> '';

	CREATE TABLE savings_dream (
		id           TEXT PRIMARY KEY,
		usr          TEXT NOT NULL,
		partner      TEXT NOT NULL,
		type         TEXT NOT NULL,
		name         TEXT NOT NULL,
		target       BIGINT NOT NULL,
		expires      TEXT NOT NULL,
		achieved     BIGINT NOT NULL,
		deleted      BIGINT NOT NULL,
		group_dream  TEXT NOT NULL,
		account      TEXT NOT NULL,
		inspiration  TEXT NOT NULL,
		image        TEXT NOT NULL,
		balance      BIGINT NOT NULL,
		pending      BIGINT NOT NULL,
		leaving      BIGINT NOT NULL,
		milestone    BIGINT NOT NULL,
		request      TEXT NOT NULL,
		requested_by TEXT NOT NULL,
		requested    BIGINT NOT NULL,
		request_done BIGINT NOT NULL,
		refused      TEXT NOT NULL,
		journey      TEXT NOT NULL,
		created      BIGINT NOT NULL
	);
	CREATE INDEX savings_dream_user ON savings_dream (usr, created, id);
	CREATE INDEX savings_dream_listed ON savings_dream (partner, created, id, deleted);

	CREATE TABLE savings_launch (
		id               TEXT PRIMARY KEY,
		usr              TEXT NOT NULL,
		partner          TEXT NOT NULL,
		dream            TEXT NOT NULL,
		savehack         TEXT NOT NULL,
		kind             TEXT NOT NULL,
		params           TEXT NOT NULL,
		state            TEXT NOT NULL,
		paused           BIGINT NOT NULL,
		paused_until     BIGINT NOT NULL,
		stopped          BIGINT NOT NULL,
		started          BIGINT NOT NULL,
		stop_at_goal     BIGINT NOT NULL,
		monthly_cap      BIGINT NOT NULL,
		spent_period     TEXT NOT NULL,
		spent            BIGINT NOT NULL,
		consented_period TEXT NOT NULL,
		consented        BIGINT NOT NULL,
		consent          TEXT NOT NULL,
		follows          TEXT NOT NULL,
		replaces         TEXT NOT NULL,
		done             TEXT NOT NULL,
		created          BIGINT NOT NULL
	);
	CREATE INDEX savings_launch_user ON savings_launch (usr, created, id);
	CREATE INDEX savings_launch_dream ON savings_launch (dream, created, id);
	CREATE INDEX savings_launch_listed ON savings_launch (partner, created, id);
	CREATE INDEX savings_launch_follows ON savings_launch (follows) WHERE follows <> '';

	CREATE TABLE savings_due (
		launch  TEXT PRIMARY KEY,
		usr     TEXT NOT NULL,
		partner TEXT NOT NULL,
		due     BIGINT NOT NULL
	);
	CREATE INDEX savings_due_due ON savings_due (due);

	CREATE TABLE savings_transaction (
		id           TEXT PRIMARY KEY,
		usr          TEXT NOT NULL,
		partner      TEXT NOT NULL,
		type         TEXT NOT NULL,
		state        TEXT NOT NULL,
		amount       BIGINT NOT NULL,
		external_id  TEXT NOT NULL,
		requested    BIGINT NOT NULL,
		settled      BIGINT NOT NULL,
		failed       BIGINT NOT NULL,
		reason       TEXT NOT NULL,
		to_account   TEXT NOT NULL,
		to_dream     TEXT NOT NULL,
		from_account TEXT NOT NULL,
		from_dream   TEXT NOT NULL,
		consent      TEXT NOT NULL,
		launch       TEXT NOT NULL,
		occasion     TEXT NOT NULL,
		ready        BIGINT NOT NULL,
		banking_day  TEXT NOT NULL,
		notice       TEXT NOT NULL,
		linked       BIGINT NOT NULL
	);
	CREATE INDEX savings_transaction_open ON savings_transaction (usr) WHERE state = 'requested';
	CREATE INDEX savings_transaction_user ON savings_transaction (usr, requested, id);
	CREATE INDEX savings_transaction_listed ON savings_transaction (partner, requested, id, state);
	CREATE INDEX savings_transaction_requested ON savings_transaction (partner, requested, id) WHERE state = 'requested' AND linked = 1;
	CREATE UNIQUE INDEX savings_transaction_occasion ON savings_transaction (launch, occasion) WHERE launch <> '';
	CREATE INDEX savings_transaction_made ON savings_transaction (launch, ready, id) WHERE launch <> '';
	CREATE UNIQUE INDEX savings_transaction_external ON savings_transaction (usr, external_id) WHERE external_id <> '';
	CREATE INDEX savings_transaction_posted ON savings_transaction (partner, external_id) WHERE external_id <> '';
	CREATE INDEX savings_transaction_unnoticed ON savings_transaction (partner, ready) WHERE state = 'requested' AND notice = '' AND linked = 1;
	CREATE INDEX savings_transaction_notice ON savings_transaction (notice, state) WHERE notice <> '';

	CREATE TABLE savings_consent (
		id             TEXT PRIMARY KEY,
		usr            TEXT NOT NULL,
		partner        TEXT NOT NULL,
		launch         TEXT NOT NULL,
		obsolete       TEXT NOT NULL,
		temporary      TEXT NOT NULL,
		temporary_ends BIGINT NOT NULL,
		read_at        BIGINT NOT NULL,
		request        TEXT NOT NULL,
		max_frequency  TEXT NOT NULL,
		max_amount     BIGINT NOT NULL,
		consented      BIGINT NOT NULL,
		rejected       BIGINT NOT NULL,
		journey        TEXT NOT NULL,
		created        BIGINT NOT NULL
	);
	CREATE INDEX savings_consent_user ON savings_consent (usr, created, id);
	CREATE INDEX savings_consent_listed ON savings_consent (partner, created, id);
	CREATE INDEX savings_consent_temporary ON savings_consent (temporary) WHERE temporary <> '';

	CREATE TABLE savings_message (
		id        TEXT PRIMARY KEY,
		usr       TEXT NOT NULL,
		partner   TEXT NOT NULL,
		category  TEXT NOT NULL,
		external  BIGINT NOT NULL,
		title     TEXT NOT NULL,
		body      TEXT NOT NULL,
		cta       TEXT NOT NULL,
		created   BIGINT NOT NULL,
		seen      BIGINT NOT NULL,
		processed BIGINT NOT NULL
	);
	CREATE INDEX savings_message_user ON savings_message (usr, created, id);
	CREATE INDEX savings_message_listed ON savings_message (partner, created, id);

	CREATE TABLE savings_feed (
		usr   TEXT NOT NULL,
		id    TEXT NOT NULL,
		kind  TEXT NOT NULL,
		cents BIGINT NOT NULL,
		at    BIGINT NOT NULL,
		PRIMARY KEY (usr, id)
	);

	CREATE TABLE savings_event (
		seq     BIGINT PRIMARY KEY,
		id      TEXT NOT NULL,
		partner TEXT NOT NULL,
		usr     TEXT NOT NULL,
		type    TEXT NOT NULL,
		at      BIGINT NOT NULL,
		data    TEXT NOT NULL
	);
	CREATE UNIQUE INDEX savings_event_id ON savings_event (id);
	CREATE INDEX savings_event_partner ON savings_event (partner, seq);
	CREATE INDEX savings_event_user ON savings_event (usr);

	CREATE TABLE savings_cursor (
		endpoint TEXT PRIMARY KEY,
		version  BIGINT NOT NULL,
		state    TEXT NOT NULL
	);

	CREATE TABLE savings_session (
		hash     TEXT PRIMARY KEY,
		partner  TEXT NOT NULL,
		usr      TEXT NOT NULL,
		external TEXT NOT NULL,
		locale   TEXT NOT NULL,
		zone     TEXT NOT NULL,
		theme    TEXT NOT NULL,
		renewed  TEXT NOT NULL,
		expires  BIGINT NOT NULL,
		ends     BIGINT NOT NULL,
		made     BIGINT NOT NULL
	);
	CREATE INDEX savings_session_user ON savings_session (usr);
	CREATE INDEX savings_session_expires ON savings_session (expires);

	CREATE TABLE savings_answer (
		partner     TEXT NOT NULL,
		key         TEXT NOT NULL,
		fingerprint TEXT NOT NULL,
		status      BIGINT NOT NULL,
		body        TEXT NOT NULL,
		at          BIGINT NOT NULL,
		PRIMARY KEY (partner, key)
	);
	CREATE INDEX savings_answer_at ON savings_answer (at);`

// savingsFigures tells SQLite what the tables look like when they are full: how many rows an index has, and how many of them are alike in its
// first column, its first two, and so on. It cannot know that of empty ones, and would look for what is one user's among all that is their
// partner's. PostgreSQL counts by itself.
const savingsFigures = `
	ANALYZE savings_due;
	INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
		('savings_user', 'sqlite_autoindex_savings_user_1', '1000000 1'),
		('savings_user', 'savings_user_external', '1000000 500000 1'),
		('savings_user', 'savings_user_listed', '1000000 500000 1 1 1'),
		('savings_account', 'sqlite_autoindex_savings_account_1', '1000000 1'),
		('savings_account', 'savings_account_user', '1000000 1 1 1'),
		('savings_account', 'savings_account_external', '1000000 1 1'),
		('savings_account', 'savings_account_listed', '1000000 500000 1 1'),
		('savings_account', 'savings_account_found', '1000000 500000 2'),
		('savings_dream', 'sqlite_autoindex_savings_dream_1', '3000000 1'),
		('savings_dream', 'savings_dream_user', '3000000 3 1 1'),
		('savings_dream', 'savings_dream_listed', '3000000 1500000 1 1 1'),
		('savings_launch', 'sqlite_autoindex_savings_launch_1', '6000000 1'),
		('savings_launch', 'savings_launch_user', '6000000 6 1 1'),
		('savings_launch', 'savings_launch_dream', '6000000 2 1 1'),
		('savings_launch', 'savings_launch_listed', '6000000 3000000 1 1'),
		('savings_launch', 'savings_launch_follows', '100000 2'),
		('savings_due', 'sqlite_autoindex_savings_due_1', '3000000 1'),
		('savings_due', 'savings_due_due', '3000000 1000'),
		('savings_transaction', 'sqlite_autoindex_savings_transaction_1', '1000000000 1'),
		('savings_transaction', 'savings_transaction_open', '3000000 3'),
		('savings_transaction', 'savings_transaction_user', '1000000000 1000 1 1'),
		('savings_transaction', 'savings_transaction_listed', '1000000000 500000000 10 1 1'),
		('savings_transaction', 'savings_transaction_requested', '3000000 1500000 10 1'),
		('savings_transaction', 'savings_transaction_occasion', '900000000 300 1'),
		('savings_transaction', 'savings_transaction_made', '900000000 300 1 1'),
		('savings_transaction', 'savings_transaction_external', '10000000 10 1'),
		('savings_transaction', 'savings_transaction_posted', '10000000 5000000 1'),
		('savings_transaction', 'savings_transaction_unnoticed', '100000 50000 10'),
		('savings_transaction', 'savings_transaction_notice', '900000000 10000 5000'),
		('savings_consent', 'sqlite_autoindex_savings_consent_1', '1000000 1'),
		('savings_consent', 'savings_consent_user', '1000000 2 1 1'),
		('savings_consent', 'savings_consent_listed', '1000000 500000 1 1'),
		('savings_consent', 'savings_consent_temporary', '100000 1'),
		('savings_message', 'sqlite_autoindex_savings_message_1', '10000000 1'),
		('savings_message', 'savings_message_user', '10000000 10 1 1'),
		('savings_message', 'savings_message_listed', '10000000 5000000 1 1'),
		('savings_feed', 'sqlite_autoindex_savings_feed_1', '100000000 100 1'),
		('savings_event', 'sqlite_autoindex_savings_event_1', '100000000 1'),
		('savings_event', 'savings_event_id', '100000000 1'),
		('savings_event', 'savings_event_partner', '100000000 50000000 1'),
		('savings_event', 'savings_event_user', '100000000 100'),
		('savings_cursor', 'sqlite_autoindex_savings_cursor_1', '100 1'),
		('savings_session', 'sqlite_autoindex_savings_session_1', '100000 1'),
		('savings_session', 'savings_session_user', '100000 2'),
		('savings_session', 'savings_session_expires', '100000 2'),
		('savings_answer', 'sqlite_autoindex_savings_answer_1', '1000000 500000 1'),
		('savings_answer', 'savings_answer_at', '1000000 10');
	ANALYZE sqlite_schema;`
