package api

import "net/http"

// routes is the table of all operations. The mux, the OpenAPI document and the page to try them on are made of it.
func routes() []route {
	var (
		users        = resource{one: "user", many: "users"}
		accounts     = resource{one: "account", many: "accounts"}
		dreams       = resource{one: "dream", many: "dreams"}
		savehacks    = resource{one: "savehack", many: "savehacks"}
		launches     = resource{one: "savehackLaunch", many: "savehackLaunches"}
		transactions = resource{one: "transaction", many: "transactions"}
		consents     = resource{one: "transferConsent", many: "transferConsents", snake: true}
		messages     = resource{one: "message", many: "messages"}
		pictures     = resource{one: "picture", many: "pictures"}
		feed         = resource{one: "feed"}
		webhooks     = resource{one: "webhook", many: "webhooks"}
		replays      = resource{one: "replay", many: "replays"}

		get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete

		userID       = parameter{Name: "userId", Kind: "string", About: "Only what is this user's."}
		externalUser = parameter{Name: "externalUserId", Kind: "string", About: "Only what is the user's whom the bank calls so."}
		dreamID      = parameter{Name: "dreamId", Kind: "string", About: "Only what is about this dream."}
		image        = parameter{Name: "showImageUrl", Kind: "boolean", About: "With `imageUrl`."}
		active       = parameter{Name: "showActiveSavehacks", Kind: "boolean", About: "With `activeSavehacksCount`."}
	)
	external := func(what string) parameter {
		return parameter{Name: "externalId", Kind: "string", About: "Only the " + what + " with this reference of the bank's."}
	}
	eg := newExamples()
	return []route{
		{Method: get, Path: "/users", ID: "getUsers", Tag: "Users", Of: users, Summary: "List users",
			Query: append(pages(20), external("user")),
			Gives: []gives{{200, "A page of users.", eg.user, true}}, do: (*API).listUsers},
		{Method: post, Path: "/users", ID: "createUser", Tag: "Users", Of: users, Summary: "Create a user",
			About: "For a bank that provisions people before they come in through the SDK. Who comes in unknown is made a user then.",
			Body:  createUser{}, Example: obj{{"externalId", eg.user.ExternalID}, {"givenName", eg.user.GivenName}, {"familyName", eg.user.FamilyName}, {"locale", "sv-SE"}},
			Gives: []gives{{201, "The user was made.", eg.user, false}, {200, "The user was there already, and is as they were.", eg.user, false}}, do: (*API).createUser},
		{Method: get, Path: "/users/{id}", ID: "getUser", Tag: "Users", Of: users, Summary: "Show a user",
			Gives: []gives{{200, "The user.", eg.user, false}}, do: (*API).getUser},
		{Method: patch, Path: "/users/{id}", ID: "patchUser", Tag: "Users", Of: users, Summary: "Change a user, with accounts and transactions",
			About: "All or nothing. Settling transactions of a Performance account together with its new balances is one request. Entries are matched by id; nothing is made or deleted by being listed or left out.",
			Body:  patchUser{}, Example: obj{{"accounts", []obj{{{"id", eg.performance.ID}, {"balanceCents", 123500}, {"liquidBalanceCents", 500}}}}, {"transactions", []obj{{{"id", eg.deposit.ID}, {"settledAt", eg.at(3)}}}}},
			Gives: []gives{{204, "It was changed.", nil, false}}, do: (*API).patchUser},
		{Method: patch, Path: "/user/{id}", ID: "patchUserOfJourney", Tag: "Users", Of: users, Alias: true, Summary: "Change a user, as the journeys spell it",
			About: "The same as PATCH /users/{id}, but the user is answered.", Body: patchUser{}, Example: obj{{"givenName", "Anna"}},
			Gives: []gives{{200, "The user as they are now.", eg.user, false}}, do: (*API).patchUser},
		{Method: del, Path: "/users/{id}", ID: "deleteUser", Tag: "Users", Of: users, Summary: "Erase a user",
			About: "Their launches stop, their dreams are given up, what is personal is erased. What money moved stays on record, and transactions can still be settled. Repeating it changes nothing.",
			Gives: []gives{{204, "The user is erased.", nil, false}}, do: (*API).deleteUser},

		{Method: get, Path: "/accounts", ID: "getAccounts", Tag: "Accounts", Of: accounts, Summary: "List accounts",
			Query: append(pages(20), external("account"), userID, externalUser),
			Gives: []gives{{200, "A page of accounts.", eg.account, true}}, do: (*API).listAccounts},
		{Method: post, Path: "/accounts", ID: "createAccount", Tag: "Accounts", Of: accounts, Summary: "Tell of an account that was opened",
			About: "With one account per user, every dream of the user that has no account is linked to it, and waiting savehacks start. It may come before, during or after the person's journey.\n\nGive it an `externalId`, so that a repetition does not make another account. A constant will do: it is unique per user.",
			Body:  createAccount{}, Example: obj{{"type", "SharedSavings"}, {"userId", eg.user.ID}, {"externalId", "dreams"}},
			Gives: []gives{{201, "The account was made.", eg.account, false}, {200, "The user has an account with this externalId, and it is as it was.", eg.account, false}}, do: (*API).createAccount},
		{Method: get, Path: "/accounts/{id}", ID: "getAccount", Tag: "Accounts", Of: accounts, Summary: "Show an account",
			Gives: []gives{{200, "The account.", eg.account, false}}, do: (*API).getAccount},
		{Method: patch, Path: "/accounts/{id}", ID: "patchAccount", Tag: "Accounts", Of: accounts, Summary: "Change an account",
			About: "What a Performance account is worth is the bank's word. The balance of a SharedSavings account changes only by transactions: tell of one with POST /transactions.",
			Body:  patchAccount{}, Example: obj{{"balanceCents", 123500}, {"liquidBalanceCents", 500}, {"performanceCents", 23000}, {"performancePercent", 23}, {"totalAcquisitionCostCents", 100000}, {"valuationFrom", "2022-01-01T13:45:12Z"}, {"valuationAt", "2023-02-23T09:00:00Z"}},
			Gives: []gives{{200, "The account as it is now.", eg.performance, false}}, do: (*API).patchAccount},

		{Method: get, Path: "/dreams", ID: "getDreams", Tag: "Dreams", Of: dreams, Summary: "List dreams",
			Query: append(pages(20), parameter{Name: "state", Kind: "string", Enum: []string{"active", "deleted", "all"}, About: "active, all that are not deleted, when left out."}, image, active, userID, externalUser),
			Gives: []gives{{200, "A page of dreams.", eg.dream, true}}, do: (*API).listDreams},
		{Method: post, Path: "/dreams", ID: "createDream", Tag: "Dreams", Of: dreams, Summary: "Create a dream",
			About: "With one account per user it is linked at once to the user's account, if there is one.",
			Body:  createDream{}, Example: obj{{"userId", eg.user.ID}, {"name", "Kyoto in spring"}, {"targetCents", 2500000}, {"expiresAt", "2028-04-01"}},
			Gives: []gives{{201, "The dream was made.", eg.dream, false}}, do: (*API).createDream},
		{Method: get, Path: "/dreams/{id}", ID: "getDream", Tag: "Dreams", Of: dreams, Summary: "Show a dream", Query: []parameter{image, active},
			Gives: []gives{{200, "The dream.", eg.dream, false}}, do: (*API).getDream},
		{Method: patch, Path: "/dreams/{id}", ID: "patchDream", Tag: "Dreams", Of: dreams, Summary: "Change a dream, or link it to an account",
			About: "With one account per dream this is how a dream comes by its account, and how what waits for it starts.",
			Body:  patchDream{}, Example: obj{{"accountId", eg.account.ID}},
			Gives: []gives{{200, "The dream as it is now.", eg.dream, false}}, do: (*API).patchDream},
		{Method: del, Path: "/dreams/{id}", ID: "deleteDream", Tag: "Dreams", Of: dreams, Summary: "Give a dream up",
			About: "Its launches stop, and deposits that can still be cancelled are. What is saved stays on the account, outside any dream. Repeating it changes nothing.",
			Query: []parameter{{Name: "withdraw", Kind: "boolean", About: "Pay out what is saved."}},
			Gives: []gives{{204, "The dream is given up.", nil, false}}, do: (*API).deleteDream},

		{Method: get, Path: "/pictures/{id}", ID: "getPicture", Tag: "Dreams", Of: pictures, Summary: "Show a person's own picture of a dream",
			About: "What `imageUrl` of a dream leads to when the person sent the picture themselves. It needs the token, and is a JPEG that we encoded.",
			Gives: []gives{{200, "The picture.", media("image/jpeg"), false}}, do: (*API).getPicture},

		{Method: get, Path: "/savehacks", ID: "getSavehacks", Tag: "Savehacks", Of: savehacks, Summary: "List what can be launched", Query: pages(20),
			About: "Each with the JSON Schema of its parameters, which stand flat in a launch.",
			Gives: []gives{{200, "A page of the catalogue.", eg.savehack, true}}, do: (*API).listSavehacks},
		{Method: get, Path: "/savehacks/{id}", ID: "getSavehack", Tag: "Savehacks", Of: savehacks, Summary: "Show what can be launched",
			Gives: []gives{{200, "The savehack.", eg.savehack, false}}, do: (*API).getSavehack},

		{Method: get, Path: "/savehack-launches", ID: "getSavehackLaunches", Tag: "Savehack launches", Of: launches, Summary: "List launches",
			Query: append(pages(20), dreamID, userID, externalUser),
			Gives: []gives{{200, "A page of launches.", eg.launch, true}}, do: (*API).listLaunches},
		{Method: post, Path: "/savehack-launches", ID: "createSavehackLaunch", Tag: "Savehack launches", Of: launches, Summary: "Launch a savehack on a dream",
			About: "Until there is an account, or provisioning has begun, it waits; with transfer consents it is a draft until there is one.",
			Body:  createLaunch{}, Example: obj{{"type", "DailyLaunch"}, {"dreamId", eg.dream.ID}, {"savehackId", eg.savehack.ID}, {"amountCents", 2500}},
			Gives: []gives{{201, "It was launched.", eg.launch, false}}, do: (*API).createLaunch},
		{Method: get, Path: "/savehack-launches/{id}", ID: "getSavehackLaunch", Tag: "Savehack launches", Of: launches, Summary: "Show a launch",
			Gives: []gives{{200, "The launch.", eg.launch, false}}, do: (*API).getLaunch},
		{Method: patch, Path: "/savehack-launches/{id}", ID: "patchSavehackLaunch", Tag: "Savehack launches", Of: launches, Summary: "Change, pause, resume or stop a launch",
			About: "A launch that was stopped is never started again. Of the parameters only those that change need be there.",
			Body:  patchLaunch{}, Example: obj{{"type", "DailyLaunch"}, {"pausedAt", eg.at(2)}},
			Gives: []gives{{200, "The launch as it is now.", eg.launch, false}}, do: (*API).patchLaunch},

		{Method: get, Path: "/transactions", ID: "getTransactions", Tag: "Transactions", Of: transactions, Summary: "List transactions",
			About: "In the order in which they were requested: those that the bank may act on, and those that are over. What a person can still cancel is not listed, nor is what has no account yet.\n\nTo act on what is requested, follow `next_url` from `?state=requested&after_id=`: pages by number shift while transactions are settled. Begin each round anew with an empty `after_id`, because one that was requested long ago may only now be ready.",
			Query: append(pages(100), parameter{Name: "after_id", Kind: "string", About: "Only what follows this transaction, or from the first when empty. Instead of `page`."},
				parameter{Name: "state", Kind: "string", Enum: []string{"requested", "settled", "failed"}, About: "All when left out."},
				external("transaction"), externalUser, userID, dreamID, parameter{Name: "savehackLaunchId", Kind: "string", About: "Only what this launch made."}),
			Gives: []gives{{200, "A page of transactions.", eg.deposit, true}}, do: (*API).listTransactions},
		{Method: post, Path: "/transactions", ID: "createTransaction", Tag: "Transactions", Of: transactions, Summary: "Tell of a transaction that the bank settled by itself",
			About: "For what happened at a branch, by another service, or as interest. It changes the balance of a SharedSavings account; what a Performance account is worth is told with PATCH /accounts. Without a dream the money lies outside any, until the person puts it to their dreams.",
			Body:  createTransaction{}, Example: obj{{"type", "Deposit"}, {"externalId", "interest-2026"}, {"userId", eg.user.ID}, {"amountCents", 1234}, {"toAccountId", eg.account.ID}},
			Gives: []gives{{201, "It was recorded.", eg.interest, false}, {200, "One with this externalId was recorded before, and is as it was.", eg.interest, false}}, do: (*API).createTransaction},
		{Method: get, Path: "/transactions/{id}", ID: "getTransaction", Tag: "Transactions", Of: transactions, Summary: "Show a transaction",
			Gives: []gives{{200, "The transaction.", eg.deposit, false}}, do: (*API).getTransaction},
		{Method: patch, Path: "/transactions/{id}", ID: "patchTransaction", Tag: "Transactions", Of: transactions, Summary: "Settle or fail a transaction",
			About: "The state follows from which time is set. The same again changes nothing; the other one is a mistake.",
			Body:  patchTransaction{}, Example: obj{{"settledAt", eg.at(3)}},
			Gives: []gives{{200, "The transaction as it is now.", eg.settled, false}}, do: (*API).patchTransaction},

		{Method: get, Path: "/transfer-consents", ID: "getTransferConsent", Tag: "Transfer consents", Of: consents, Summary: "Read a consent by its temporary id, once",
			About: "The temporary id came to the bank app as `consentId`. It is good for one GET, and for a short while.",
			Query: []parameter{{Name: "temporaryId", Kind: "string", About: "Must be there."}},
			Gives: []gives{{200, "The consent.", eg.consent, false}}, do: (*API).readConsent},
		{Method: get, Path: "/transfer-consents/{id}", ID: "getTransferConsentById", Tag: "Transfer consents", Of: consents, Summary: "Show a consent by its permanent id",
			Gives: []gives{{200, "The consent.", eg.consent, false}}, do: (*API).getConsent},
		{Method: patch, Path: "/transfer-consents/{id}", ID: "patchTransferConsent", Tag: "Transfer consents", Of: consents, Summary: "Say that the person consented, or refused",
			About: "The launch starts, or ends. The same again changes nothing; the other one is a mistake.",
			Body:  patchConsent{}, Example: obj{{"consentedAt", eg.at(1)}},
			Gives: []gives{{200, "The consent as it is now.", eg.consented, false}}, do: (*API).patchConsent},
		{Method: get, Path: "/transfer-consent/{id}", ID: "getTransferConsentOfJourney", Tag: "Transfer consents", Of: consents, Alias: true, Summary: "Read a consent, as the journeys spell it",
			About: "By its temporary id, once, or by its permanent id.",
			Gives: []gives{{200, "The consent.", eg.consent, false}}, do: (*API).getEither},
		{Method: patch, Path: "/transfer-consent/{id}", ID: "patchTransferConsentOfJourney", Tag: "Transfer consents", Of: consents, Alias: true, Summary: "Say that the person consented, or refused, as the journeys spell it",
			About: "The same as PATCH /transfer-consents/{id}.", Body: patchConsent{}, Example: obj{{"rejectedAt", eg.at(1)}},
			Gives: []gives{{200, "The consent as it is now.", eg.consent, false}}, do: (*API).patchConsent},

		{Method: get, Path: "/messages", ID: "getMessages", Tag: "Messages", Of: messages, Summary: "List messages",
			About: "In the order in which they were made.",
			Query: append(pages(20), parameter{Name: "createdAfter", Kind: "date-time", About: "Only what was made later than this, and not at it."},
				parameter{Name: "processed", Kind: "boolean", About: "Only what the bank has dealt with, or has not. `unprocessed` is the same the other way round."},
				parameter{Name: "external", Kind: "boolean", About: "Only what the bank sends, or what the web app shows."},
				parameter{Name: "category", Kind: "string", Enum: categories(), About: "Only of this category."}, userID, externalUser),
			Gives: []gives{{200, "A page of messages.", eg.message, true}}, do: (*API).listMessages},
		{Method: post, Path: "/messages", ID: "createMessage", Tag: "Messages", Of: messages, Summary: "Leave a message for a user",
			Body: createMessage{}, Example: obj{{"userId", eg.user.ID}, {"translatedTitle", obj{{"en", "Well done"}, {"sv", "Bra jobbat"}}}, {"translatedBody", obj{{"en", "You are half way there."}, {"sv", "Du är halvvägs."}}}, {"image", eg.message.Image}, {"cta", "/dreams/" + string(eg.dream.ID)}},
			Gives: []gives{{201, "The message was left.", eg.message, false}}, do: (*API).createMessage},
		{Method: get, Path: "/messages/{id}", ID: "getMessage", Tag: "Messages", Of: messages, Summary: "Show a message",
			Gives: []gives{{200, "The message.", eg.message, false}}, do: (*API).getMessage},
		{Method: patch, Path: "/messages/{id}", ID: "patchMessage", Tag: "Messages", Of: messages, Summary: "Say that the bank has dealt with a message",
			Body: patchMessage{}, Example: obj{{"processedAt", eg.at(2)}},
			Gives: []gives{{200, "The message as it is now.", eg.processed, false}}, do: (*API).patchMessage},

		{Method: post, Path: "/feed", ID: "postFeed", Tag: "Feed", Of: feed, Summary: "Tell what happened on current accounts",
			About: "Purchases and incomes, for the savehacks that live on them, and balances, for the limit below which a person does not want to be brought. Up to 100 at once, of any users. Each stands or falls alone, and one that was heard before changes nothing.",
			Body:  feedBody{}, Example: []obj{{{"id", "card-7781"}, {"userId", eg.user.ID}, {"type", "purchase"}, {"amountCents", 4350}, {"occurredAt", eg.at(1)}}, {{"id", "balance-7782"}, {"externalUserId", eg.user.ExternalID}, {"type", "balance"}, {"amountCents", 812300}}},
			Gives: []gives{{200, "What became of each, in their order.", []FeedResult{{ID: "card-7781", Status: "accepted"}, {ID: "balance-7782", Status: "known"}}, false}}, do: (*API).postFeed},

		{Method: get, Path: "/webhooks", ID: "getWebhooks", Tag: "Webhooks", Of: webhooks, Summary: "List your endpoints, and how far each has come",
			Query: pages(20),
			Gives: []gives{{200, "A page of endpoints.", Webhook{Endpoint: "https://bank.example/events", URL: "https://bank.example/events", Progress: Progress{Behind: 3, Oldest: eg.at(1), LastHeard: eg.at(1)}}, true}}, do: (*API).listWebhooks},
		{Method: post, Path: "/webhooks/replay", ID: "replayWebhooks", Tag: "Webhooks", Of: replays, Summary: "Be told again",
			About: "What has been heard since a moment is told again, in order, beside what is told for the first time. One replay an endpoint at a time: 409 while another is under way.",
			Body:  replayWebhooks{}, Example: obj{{"from", eg.at(1)}},
			Gives: []gives{{202, "What will be told again.", []Replayed{{"https://bank.example/events", 42}}, false}}, do: (*API).replay},
	}
}
