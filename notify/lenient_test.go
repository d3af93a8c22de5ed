package notify

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"parley"
)

func TestTypesAreReadLeniently(t *testing.T) {
	for _, success := range []string{`true`, `"true"`, `"True"`, `"TRUE"`, `1`, `"1"`} {
		for body, want := range map[string]SignInAnswer{
			`{"success":$,"userId":"u"}`: {UserID: "u"},
			`{"success":$,"userId":123,"balance":1000.00,"balanceCy":"SEK","sessionId":7}`:                    {"123", "7", "1000.00", "SEK"},
			`{"success":$,"userId":"u","balance":"1000","sessionId":null,"userCat":"VIP","more":{"a":[1]}}`:   {"u", "", "1000", ""},
			`{"success":$,"userId":"u","errCode":"102","errMsg":{"odd":1}}`:                                   {UserID: "u"},
			"\xef\xbb\xbf \r\n{ \"success\" : $ ,\t\"userId\" : \"\\u00e5\" } \n":                             {UserID: "å"},
			`{"success":$,"userId":"` + strings.Repeat("å", 50) + `"}`:                                        {UserID: strings.Repeat("å", 50)},
			`{"Success":false,"success":$,"userId":"u","attributes":{"success":false,"a":1,"a":2}}`:           {UserID: "u"},
			`{"success":$,"userId":"u","balance":-12.5,"picture":"` + strings.Repeat("A", 60000) + `","x":0}`: {UserID: "u", Balance: "-12.5"},
		} {
			body = strings.Replace(body, "$", success, 1)
			if got, err := readSignIn([]byte(body)); err != nil || got != want {
				t.Errorf("%.80s: %+v, %v", body, got, err)
			}
		}
	}
}

func TestMeaningIsReadStrictly(t *testing.T) {
	for _, body := range []string{
		``, ` `, `null`, `true`, `1`, `"success"`, `[]`, `[{"success":true,"userId":"u"}]`, `<html>`, `success=true`,
		`{}`, `{"userId":"u"}`, `{"Success":true,"userId":"u"}`,
		`{"success":null,"userId":"u"}`, `{"success":"yes","userId":"u"}`, `{"success":2,"userId":"u"}`, `{"success":"","userId":"u"}`,
		`{"success":" true","userId":"u"}`, `{"success":[true],"userId":"u"}`, `{"success":{"a":true},"userId":"u"}`, `{"success":1.0,"userId":"u"}`,
		`{"success":true}`, `{"success":true,"userId":null}`, `{"success":true,"userId":""}`, `{"success":true,"userId":true}`,
		`{"success":true,"userId":["u"]}`, `{"success":true,"userId":{"id":"u"}}`, `{"success":true,"userId":"u\n"}`, "{\"success\":true,\"userId\":\"\xff\"}",
		`{"success":true,"userId":"` + strings.Repeat("a", 51) + `"}`,
		`{"success":true,"userId":"u","sessionId":{}}`, `{"success":true,"userId":"u","balance":[1]}`, `{"success":true,"userId":"u","balanceCy":false}`,
		`{"success":true,"success":true,"userId":"u"}`, `{"success":false,"success":true,"userId":"u"}`, `{"success":true,"userId":"u","userId":"v"}`,
		`{"success":true,"userId":"u","x":1,"\u0078":2}`,
		`{"success":true,"userId":"u"}{}`, `{"success":true,"userId":"u"},`, `{"success":true,"userId":"u"`, `{"success":true,"userId":"u",}`, `{"success":true "userId":"u"}`,
		`{success:true,"userId":"u"}`, "{\"success\":true,\"userId\":\"u\"}\x00", "\xff\xfe{\x00}\x00", strings.Repeat(`{"a":`, 12000),
	} {
		got, err := readSignIn([]byte(body))
		f, ok := errors.AsType[*Failure](err)
		if parley.KindOf(err) != parley.KindUnknown || !ok || f.Status != parley.StatusMerchantInvalidResponse || got != (SignInAnswer{}) {
			t.Errorf("%.80q: %+v, %v", body, got, err)
		}
	}
}

func TestAuthorizeAnswerIsRead(t *testing.T) {
	asked := AuthorizeRequest{deposit()} // user_123, SEK 100.50
	limit := func(minor int64) *parley.Money { return &parley.Money{Minor: minor, Currency: "SEK"} }
	for body, want := range map[string]AuthorizeAnswer{
		`"authCode":"a","merchantTxId":17,"updatedUser":{"city":"Umeå"}`: {AuthCode: "a", MerchantTxID: "17", UpdatedUser: json.RawMessage(`{"city":"Umeå"}`)},
		`"authCode":null,"updatedUser":null,"limit":null`:                {},
		`"authCode":5,"merchantTxId":"b"`:                                {AuthCode: "5", MerchantTxID: "b"},
		`"limit":"50.00"`:                                                {Limit: limit(5000)},
		`"limit":50`:                                                     {Limit: limit(5000)},
		`"limit":100.49`:                                                 {Limit: limit(10049)},
		`"limit":0.01`:                                                   {Limit: limit(1)},
		`"limit":""`:                                                     {},
		`"limit":100.50`:                                                 {},
		`"limit":"5000"`:                                                 {},
	} {
		want.UserID = "user_123"
		got, err := readAuthorize([]byte(`{"success":true,"userId":"user_123",`+body+`}`), asked)
		if err != nil || !equal(got, want) {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{`"limit":0`, `"limit":"0.00"`, `"limit":-1`, `"limit":"-0.01"`, `"limit":-0`} {
		got, err := readAuthorize([]byte(`{"success":true,"userId":"user_123",`+body+`}`), asked)
		r, ok := errors.AsType[*parley.Refusal](err)
		if parley.KindOf(err) != parley.KindRefused || !ok || *r != (parley.Refusal{By: "Operator", Status: parley.StatusAboveLimit}) || !equal(got, AuthorizeAnswer{}) {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{
		`{"success":true,"userId":"user_124"}`, `{"success":true,"userId":"USER_123"}`, `{"success":true}`,
		`{"success":true,"userId":"user_123","limit":"50,00"}`, `{"success":true,"userId":"user_123","limit":1e2}`, `{"success":true,"userId":"user_123","limit":0.001}`,
		`{"success":true,"userId":"user_123","limit":{}}`, `{"success":true,"userId":"user_123","limit":"--1"}`, `{"success":true,"userId":"user_123","limit":true}`,
		`{"success":true,"userId":"user_123","authCode":[]}`, `{"success":true,"userId":"user_123","updatedUser":"x"}`,
	} {
		got, err := readAuthorize([]byte(body), asked)
		f, ok := errors.AsType[*Failure](err)
		if parley.KindOf(err) != parley.KindUnknown || !ok || f.Status != parley.StatusMerchantInvalidResponse || !equal(got, AuthorizeAnswer{}) {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	withdrawal := asked
	withdrawal.Amount.Minor = -10050
	if got, err := readAuthorize([]byte(`{"success":true,"userId":"user_123","limit":0}`), withdrawal); err != nil || got.Limit != nil {
		t.Errorf("a limit does not concern a withdrawal: %+v, %v", got, err)
	}
}

func TestTransferAndCancelNeedOnlyAYes(t *testing.T) {
	if got, err := readTransfer([]byte(`{"success":true}`)); err != nil || got != (TransferAnswer{}) {
		t.Error(got, err)
	}
	if got, err := readTransfer([]byte(`{"success":"true","userId":5,"txId":4352211,"merchantTxId":"m"}`)); err != nil || got != (TransferAnswer{"5", "4352211", "m"}) {
		t.Error(got, err)
	}
	if got, err := readCancel([]byte(`{"success":1,"userId":5}`)); err != nil || got != (CancelAnswer{"5"}) {
		t.Error(got, err)
	}
	for _, body := range []string{`{"userId":"u"}`, `{"success":true,"userId":[]}`} {
		_, err1 := readTransfer([]byte(body))
		_, err2 := readCancel([]byte(body))
		if parley.KindOf(err1) != parley.KindUnknown || parley.KindOf(err2) != parley.KindUnknown {
			t.Error(body, err1, err2)
		}
	}
}

func TestRefusalKeepsTheOperatorsWords(t *testing.T) {
	for body, want := range map[string]parley.Refusal{
		`{"success":false}`:                                              {Status: 522},
		`{"success":"false","errCode":null}`:                             {Status: 522},
		`{"success":0,"errCode":547,"errMsg":"blocked"}`:                 {Status: 547, Code: "547", Message: "blocked"},
		`{"success":"0","errCode":"547","errorMsg":"blocked"}`:           {Status: 547, Code: "547", Message: "blocked"},
		`{"success":false,"errCode":" 547 "}`:                            {Status: 547, Code: " 547 "},
		`{"success":false,"errMsg":"","errorMsg":"b"}`:                   {Status: 522, Message: "b"},
		`{"success":false,"errMsg":"first","errorMsg":"second"}`:         {Status: 522, Message: "first"},
		`{"success":false,"errCode":"ERR_USER_ACCOUNT_BLOCKED"}`:         {Status: 547, Code: "ERR_USER_ACCOUNT_BLOCKED"},
		`{"success":false,"errCode":"err_declined_kyc_user_under_age"}`:  {Status: 565, Code: "err_declined_kyc_user_under_age"},
		`{"success":false,"errCode":601}`:                                {Status: 601, Code: "601"},
		`{"success":false,"errCode":102}`:                                {Status: 522, Code: "102"},
		`{"success":false,"errCode":0}`:                                  {Status: 522, Code: "0"},
		`{"success":false,"errCode":"SUCCESS"}`:                          {Status: 522, Code: "SUCCESS"},
		`{"success":false,"errCode":300}`:                                {Status: 522, Code: "300"},
		`{"success":false,"errCode":402}`:                                {Status: 522, Code: "402"},
		`{"success":false,"errCode":599}`:                                {Status: 522, Code: "599"},
		`{"success":false,"errCode":-547}`:                               {Status: 522, Code: "-547"},
		`{"success":false,"errCode":"99999999999999999999"}`:             {Status: 522, Code: "99999999999999999999"},
		`{"success":false,"errCode":{"code":547},"errMsg":["x"]}`:        {Status: 522},
		`{"success":false,"userId":[],"limit":{}}`:                       {Status: 522},
		"{\"success\":false,\"errMsg\":\"Sp\xe4rrad\"}":                  {Status: 522, Message: "Sp\ufffdrrad"},
		`{"success":false,"errMsg":"` + strings.Repeat("å", 1001) + `"}`: {Status: 522, Message: strings.Repeat("å", 1000)},
	} {
		want.By = "Operator"
		_, err1 := readSignIn([]byte(body))
		_, err2 := readAuthorize([]byte(body), AuthorizeRequest{deposit()})
		_, err3 := readTransfer([]byte(body))
		_, err4 := readCancel([]byte(body))
		for _, err := range []error{err1, err2, err3, err4} {
			r, ok := errors.AsType[*parley.Refusal](err)
			if !ok || parley.KindOf(err) != parley.KindRefused || *r != want {
				t.Errorf("%.80s: %v %+v", body, err, r)
			} else if r.Message != "" && strings.Contains(err.Error(), r.Message) {
				t.Errorf("%.80s: the error repeats the operator: %v", body, err)
			}
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		`{"success":true,"userId":"user_123","authCode":"a","merchantTxId":1,"limit":"50.00","updatedUser":{}}`, `{"success":"false","errCode":547,"errMsg":"x"}`,
		`{"success":1,"userId":5,"balance":"1000.00","balanceCy":"SEK","sessionId":null}`, "\xef\xbb\xbf{}", `{"success":true,"success":false}`, `[]`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		signed, err1 := readSignIn(body)
		allowed, err2 := readAuthorize(body, AuthorizeRequest{deposit()})
		_, err3 := readTransfer(body)
		_, err4 := readCancel(body)
		for _, err := range []error{err1, err2, err3, err4} {
			if err == nil && !saysYes(body) {
				t.Fatalf("accepted %q", body)
			}
			if k := parley.KindOf(err); err != nil && k != parley.KindRefused && k != parley.KindUnknown {
				t.Fatalf("%q: %v", body, err)
			}
		}
		if err1 == nil && signed.UserID == "" || err2 == nil && allowed.UserID != "user_123" {
			t.Fatalf("%q: %+v %+v", body, signed, allowed)
		}
		if l := allowed.Limit; l != nil && (l.Minor <= 0 || l.Minor >= 10050 || l.Currency != "SEK") {
			t.Fatalf("%q: limit %v", body, l)
		}
	})
}

// saysYes reads success in another way than the code under test.
func saysYes(body []byte) bool {
	var m map[string]any
	if json.Unmarshal([]byte(strings.TrimPrefix(string(body), "\xef\xbb\xbf")), &m) != nil {
		return false
	}
	switch v := m["success"].(type) {
	case bool:
		return v
	case float64:
		return v == 1
	case string:
		yes, _ := strconv.ParseBool(strings.ToLower(v))
		return yes
	}
	return false
}

func equal(a, b AuthorizeAnswer) bool {
	if (a.Limit == nil) != (b.Limit == nil) || a.Limit != nil && *a.Limit != *b.Limit {
		return false
	}
	return a.UserID == b.UserID && a.AuthCode == b.AuthCode && a.MerchantTxID == b.MerchantTxID && string(a.UpdatedUser) == string(b.UpdatedUser)
}
