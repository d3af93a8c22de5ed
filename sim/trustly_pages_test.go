package sim

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTheBankSpeaksTheOrdersLanguage(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	for locale, want := range map[string][3]string{
		"sv_SE": {"<h1>Välj din bank</h1>", "Logga in hos Sparlinden", "250,00 SEK"},
		"en_GB": {"<h1>Choose your bank</h1>", "Log in to Sparlinden", "250.00 SEK"},
		"fi_FI": {"<h1>Choose your bank</h1>", "Log in to Sparlinden", "250.00 SEK"},
	} {
		_, page := m.deposit(t, map[string]any{"Locale": locale})
		first, _ := trustlyGet(t, page)
		second, _ := trustlyPost(t, page, "step", "bank", "bank", "Sparlinden")
		third, _ := trustlyPost(t, page, "step", "login", "identifier", "196512171957")
		for i, body := range []string{first, second, third} {
			if !strings.Contains(body, want[i]) {
				t.Errorf("%s: page %d does not say %q", locale, i+1, want[i])
			}
		}
		if !strings.Contains(third, `<body class="at-bank linden">`) {
			t.Error("the bank has not its own look")
		}
	}
	_, page := m.deposit(t, map[string]any{"Locale": "sv_SE", "Amount": nil, "SuggestedMinAmount": "50.00"})
	trustlyPost(t, page, "step", "login", "identifier", "1")
	if body, _ := trustlyPost(t, page, "step", "approve", "amount", "20.00"); !strings.Contains(body, "Beloppet är minst 50.00.") {
		t.Error(body)
	}
	if body, _ := trustlyPost(t, page, "step", "no-such"); !strings.Contains(body, "Det steget finns inte.") {
		t.Error(body)
	}
}

func TestTheWaitingPageLooksAgainByItself(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{KYCWait: time.Millisecond})
	m.Faults.Set("kyc", Drop, -1)
	_, page := m.deposit(t, nil)
	if res, _ := browse(t, "GET", page, nil); res.Header.Get("Refresh") != "" {
		t.Error("somebody who chooses a bank is interrupted")
	}
	trustlyPost(t, page, "step", "login", "identifier", "1")
	if res, body := browse(t, "GET", page, nil); res.Header.Get("Refresh") == "" || !strings.Contains(body, "Look again") {
		t.Error(res.Header, body)
	}
}

func TestTheHomePageReversesAndSendsAgain(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	id, _ := m.deposit(t, nil)
	if err := m.Act(id, TrustlyPerson{}, "approve"); err != nil {
		t.Fatal(err)
	}
	credit := m.Sent()[2]
	again := m.rpc.URL + "/orders/" + id + "/again"
	if res, _ := browse(t, "POST", again, url.Values{"notification": {credit.NotificationID}}); res.StatusCode != 303 || res.Header.Get("Location") != "../../" {
		t.Errorf("%d to %s", res.StatusCode, res.Header.Get("Location"))
	}
	sent := m.Sent()
	if last := sent[len(sent)-1]; len(sent) != 4 || last.Method != "credit" || last.NotificationID != credit.NotificationID || !last.Valid || last.UUID == credit.UUID || m.order(t, id).Credited != "250.00" {
		t.Errorf("%+v", sent)
	}
	if res, body := browse(t, "POST", again, url.Values{"notification": {"1"}}); res.StatusCode != 409 || !strings.Contains(body, "has no notification") {
		t.Errorf("%d", res.StatusCode)
	}
	reverse := m.rpc.URL + "/orders/" + id + "/reverse"
	if _, body := browse(t, "GET", m.rpc.URL+"/", nil); strings.Count(body, "/reverse") != 1 || strings.Count(body, "/again") != 3 {
		t.Error(body)
	}
	if res, _ := browse(t, "POST", reverse, nil); res.StatusCode != 303 || m.order(t, id).State != TrustlyReversed || m.order(t, id).Debited != "250.00" {
		t.Errorf("%d, %+v", res.StatusCode, m.order(t, id))
	}
	if res, body := browse(t, "POST", reverse, nil); res.StatusCode != 409 || !strings.Contains(body, "nothing to reverse") || m.order(t, id).Debited != "250.00" {
		t.Errorf("%d, %+v", res.StatusCode, m.order(t, id))
	}
	if _, body := browse(t, "GET", m.rpc.URL+"/", nil); strings.Contains(body, "/reverse") {
		t.Error("a reversed order can be reversed")
	}
}
