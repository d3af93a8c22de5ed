package store

// saved are the invariants of goal savings. What offends is named by its user, where the others name a run. A change is one transaction, so all
// of this holds in whatever moment the database is looked at.
//
// Only in the setup with one account for all dreams does a user have a journey, which is how these questions know of it.
var saved = []Invariant{
	{11, "a user has one account under an external id", `
		SELECT usr, COUNT(*) || ' accounts have one external id' FROM savings_account WHERE external_id <> '' GROUP BY usr, external_id HAVING COUNT(*) > 1`, nil},
	{12, "every dream is linked to the account that all share", `
		SELECT d.usr, 'dream ' || d.id || ' has no account, and its user has one' FROM savings_dream d JOIN savings_user u ON u.id = d.usr
		WHERE u.journey <> '' AND d.deleted = 0 AND d.account = '' AND d.type <> 'PerformanceDream'
			AND EXISTS (SELECT 1 FROM savings_account a WHERE a.usr = d.usr AND a.type = 'SharedSavings')`, nil},
	{13, "a launch stands where its times say", `
		SELECT usr, 'launch ' || id || ' is ' || state || ': paused ' || paused || ', stopped ' || stopped || ', started ' || started FROM savings_launch
		WHERE NOT CASE state
			WHEN 'draft' THEN stopped = 0 AND started = 0
			WHEN 'waiting' THEN stopped = 0 AND paused <> 0 AND started = 0
			WHEN 'active' THEN stopped = 0 AND paused = 0 AND paused_until = 0 AND started <> 0
			WHEN 'paused' THEN stopped = 0 AND paused <> 0
			WHEN 'stopped' THEN stopped <> 0
			ELSE 1 = 0 END`, nil},
	{13, "no launch waits for what has come", `
		SELECT l.usr, 'launch ' || l.id || ' waits, and need not' FROM savings_launch l JOIN savings_user u ON u.id = l.usr JOIN savings_dream d ON d.id = l.dream
		WHERE l.state = 'waiting' AND (d.account <> '' OR d.request_done <> 0 AND d.refused = '' OR u.journey <> '' AND u.initiated_at <> 0)`, nil},
	{14, "provisioning is asked for once, and then again only until it has been initiated", `
		SELECT run, 'account provisioning was requested ' || COUNT(*) || ' times' FROM event WHERE step = 'account provisioning requested' AND kind = 'said' GROUP BY run HAVING COUNT(*) > 1
		UNION ALL
		SELECT a.run, 'it was asked again after it had been initiated' FROM event i JOIN event a ON a.run = i.run AND a.seq > i.seq
		WHERE i.step = 'account provision initiated' AND i.kind = 'heard' AND a.step = 'ask again' AND a.kind = 'heard'`, nil},
	{15, "a dream's balance is what its transactions say", `
		SELECT usr, 'dream ' || id || ' has ' || balance || ', ' || pending || ' on its way and ' || leaving || ' leaving; its transactions say ' || b || ', ' || p || ' and ' || l FROM (
			SELECT d.usr, d.id, d.balance, d.pending, d.leaving,
				COALESCE((SELECT SUM(t.amount) FROM savings_transaction t WHERE t.usr = d.usr AND t.to_dream = d.id AND t.state = 'settled'), 0) -
				COALESCE((SELECT SUM(t.amount) FROM savings_transaction t WHERE t.usr = d.usr AND t.from_dream = d.id AND t.state = 'settled'), 0) AS b,
				COALESCE((SELECT SUM(t.amount) FROM savings_transaction t WHERE t.usr = d.usr AND t.to_dream = d.id AND t.state = 'requested'), 0) AS p,
				COALESCE((SELECT SUM(t.amount) FROM savings_transaction t WHERE t.usr = d.usr AND t.from_dream = d.id AND t.state = 'requested'), 0) AS l
			FROM savings_dream d) AS sums
		WHERE balance <> b OR pending <> p OR leaving <> l`, nil},
	{15, "an account's balance is what its transactions say", `
		SELECT usr, 'account ' || id || ' has ' || balance || '; its transactions say ' || b FROM (
			SELECT a.usr, a.id, a.balance, a.opening +
				COALESCE((SELECT SUM(t.amount) FROM savings_transaction t WHERE t.usr = a.usr AND t.to_account = a.id AND t.state = 'settled'), 0) -
				COALESCE((SELECT SUM(t.amount) FROM savings_transaction t WHERE t.usr = a.usr AND t.from_account = a.id AND t.state = 'settled'), 0) AS b
			FROM savings_account a WHERE a.type = 'SharedSavings') AS sums
		WHERE balance <> b`, nil},
	{16, "a transaction is settled or failed, once", `
		SELECT usr, 'transaction ' || id || ' is ' || state || ': settled ' || settled || ', failed ' || failed FROM savings_transaction
		WHERE NOT CASE state
			WHEN 'requested' THEN settled = 0 AND failed = 0
			WHEN 'settled' THEN settled <> 0 AND failed = 0
			WHEN 'failed' THEN settled = 0 AND failed <> 0
			ELSE 1 = 0 END`, nil},
	{16, "the bank is given nothing without its accounts", `
		SELECT usr, 'transaction ' || id || ' lacks an account' || CASE WHEN notice = '' THEN '' ELSE ', and the bank was told of it' END FROM savings_transaction
		WHERE linked <> CASE WHEN (type = 'Withdrawal' OR to_account <> '') AND (type = 'Deposit' OR from_account <> '') THEN 1 ELSE 0 END OR linked = 0 AND notice <> ''`, nil},
	{17, "a launch makes one deposit for an occasion", `
		SELECT usr, COUNT(*) || ' deposits of launch ' || launch || ' are for ' || occasion FROM savings_transaction WHERE launch <> '' GROUP BY usr, launch, occasion HAVING COUNT(*) > 1
		UNION ALL
		SELECT usr, 'deposit ' || id || ' of launch ' || launch || ' is for no occasion' FROM savings_transaction WHERE launch <> '' AND occasion = ''`, nil},
	{17, "only what can make deposits is due", `
		SELECT q.usr, 'launch ' || q.launch || ' is due, and ' || COALESCE(l.state, 'not there') FROM savings_due q LEFT JOIN savings_launch l ON l.id = q.launch
		WHERE l.id IS NULL OR l.state NOT IN ('active', 'paused') OR l.state = 'paused' AND l.paused_until = 0 AND l.follows = ''`, nil},
	{19, "everything of a user is their partner's", `
		SELECT k.usr, k.what || ' ' || k.id || ' is not of the user''s partner' FROM (
			SELECT usr, partner, id, 'account' AS what FROM savings_account UNION ALL SELECT usr, partner, id, 'dream' FROM savings_dream UNION ALL
			SELECT usr, partner, id, 'launch' FROM savings_launch UNION ALL SELECT usr, partner, id, 'transaction' FROM savings_transaction UNION ALL
			SELECT usr, partner, id, 'consent' FROM savings_consent UNION ALL SELECT usr, partner, id, 'message' FROM savings_message UNION ALL
			SELECT usr, partner, id, 'event' FROM savings_event UNION ALL SELECT usr, partner, launch, 'due launch' FROM savings_due UNION ALL
			SELECT usr, partner, substr(hash, 1, 8), 'session' FROM savings_session UNION ALL SELECT usr, partner, substr(id, 1, 8), 'picture' FROM savings_picture) AS k
		LEFT JOIN savings_user u ON u.id = k.usr WHERE u.id IS NULL OR u.partner <> k.partner`, nil},
	{19, "what belongs together is one user's", `
		SELECT d.usr, 'dream ' || d.id || ' is on an account that is not the user''s' FROM savings_dream d LEFT JOIN savings_account a ON a.id = d.account
		WHERE d.account <> '' AND (a.id IS NULL OR a.usr <> d.usr)
		UNION ALL
		SELECT l.usr, 'launch ' || l.id || ' is on a dream that is not the user''s' FROM savings_launch l LEFT JOIN savings_dream d ON d.id = l.dream WHERE d.id IS NULL OR d.usr <> l.usr
		UNION ALL
		SELECT t.usr, 'transaction ' || t.id || ' is between accounts that are not the user''s' FROM savings_transaction t
			LEFT JOIN savings_account x ON x.id = t.to_account LEFT JOIN savings_account y ON y.id = t.from_account
		WHERE t.to_account <> '' AND (x.id IS NULL OR x.usr <> t.usr) OR t.from_account <> '' AND (y.id IS NULL OR y.usr <> t.usr)
		UNION ALL
		SELECT t.usr, 'transaction ' || t.id || ' is between dreams that are not the user''s' FROM savings_transaction t
			LEFT JOIN savings_dream x ON x.id = t.to_dream LEFT JOIN savings_dream y ON y.id = t.from_dream
		WHERE t.to_dream <> '' AND (x.id IS NULL OR x.usr <> t.usr) OR t.from_dream <> '' AND (y.id IS NULL OR y.usr <> t.usr)
		UNION ALL
		SELECT t.usr, 'transaction ' || t.id || ' is of a launch or a consent that is not the user''s' FROM savings_transaction t
			LEFT JOIN savings_launch l ON l.id = t.launch LEFT JOIN savings_consent c ON c.id = t.consent
		WHERE t.launch <> '' AND (l.id IS NULL OR l.usr <> t.usr) OR t.consent <> '' AND (c.id IS NULL OR c.usr <> t.usr)
		UNION ALL
		SELECT l.usr, 'launch ' || l.id || ' has a consent that is not the user''s' FROM savings_launch l LEFT JOIN savings_consent c ON c.id = l.consent
		WHERE l.consent <> '' AND (c.id IS NULL OR c.usr <> l.usr)
		UNION ALL
		SELECT c.usr, 'consent ' || c.id || ' is to a launch that is not the user''s' FROM savings_consent c LEFT JOIN savings_launch l ON l.id = c.launch
		WHERE c.launch <> '' AND (l.id IS NULL OR l.usr <> c.usr)
		UNION ALL
		SELECT l.usr, 'launch ' || l.id || ' follows one of another partner''s' FROM savings_launch l LEFT JOIN savings_launch f ON f.id = l.follows
		WHERE l.follows <> '' AND (f.id IS NULL OR f.partner <> l.partner)`, nil},
	{24, "a group dream is owned by one of those who are in it, and ends with the last", `
		SELECT g.owner, 'group ' || g.id || ' is not owned by anybody who is in it' FROM savings_group g
		WHERE g.ended = 0 AND NOT EXISTS (SELECT 1 FROM savings_dream d WHERE d.group_dream = g.id AND d.joined <> 0 AND d.usr = g.owner)
		UNION ALL
		SELECT d.usr, 'dream ' || d.id || ' is in group ' || g.id || ', which has ended' FROM savings_group g JOIN savings_dream d ON d.group_dream = g.id AND d.joined <> 0 WHERE g.ended <> 0`, nil},
	{24, "whoever is in a group dream has come into it", `
		SELECT d.usr, 'dream ' || d.id || ' came into group ' || d.group_dream || ', which is not there, or not the partner''s' FROM savings_dream d LEFT JOIN savings_group g ON g.id = d.group_dream
		WHERE d.joined <> 0 AND (g.id IS NULL OR g.partner <> d.partner)
		UNION ALL
		SELECT d.usr, 'dream ' || d.id || ' is in group ' || d.group_dream || ' and never came into it, or was given up' FROM savings_dream d JOIN savings_group g ON g.id = d.group_dream
		WHERE d.joined = 0 OR d.deleted <> 0`, nil},
	{24, "a person is in a group dream once, and no more than fifty are", `
		SELECT usr, COUNT(*) || ' dreams are in group ' || group_dream FROM savings_dream WHERE joined <> 0 GROUP BY usr, group_dream HAVING COUNT(*) > 1
		UNION ALL
		SELECT MAX(usr), COUNT(*) || ' people are in group ' || group_dream FROM savings_dream WHERE joined <> 0 GROUP BY group_dream HAVING COUNT(*) > 50`, nil},
	{21, "a journey that is told of is there", `
		SELECT k.usr, k.what || ' ' || k.id || ' belongs to a run that is not there' FROM (
			SELECT id AS usr, id, journey, 'user' AS what FROM savings_user UNION ALL SELECT usr, id, journey, 'dream' FROM savings_dream UNION ALL
			SELECT usr, id, journey, 'consent' FROM savings_consent UNION ALL SELECT usr, id, journey, 'account' FROM savings_account UNION ALL
			SELECT usr, id, notice, 'transaction' FROM savings_transaction) AS k
		WHERE k.journey <> '' AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = k.journey)`, nil},
}
