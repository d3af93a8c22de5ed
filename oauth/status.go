package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/web"

	"github.com/go-jose/go-jose/v4"
)

// StatusToken is the token of a sign-in's status URL, good for half an hour: whoever has it may see where the sign-in
// stands, and nothing about the person. The same sign-in has the same token.
func (s *Server) StatusToken(merchant int, txRefID string, at time.Time) string {
	token, err := signJWT(jose.SigningKey{Algorithm: jose.HS256, Key: Derive(s.Secret, "status tokens")}, "", map[string]any{
		"merchantId": merchant, "exp": at.Add(30 * time.Minute).Unix(), "token": txRefID,
	})
	if err != nil {
		panic(err) // a key and claims that are ours
	}
	return token
}

// status answers the operator's page, which asks how the sign-in goes while the person is in the frame.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*") // the token in the address is all the authority there is
	p, err := s.statusOf(r.Context(), r.URL.Query().Get("token"))
	if err != nil {
		if k := parley.KindOf(err); k != parley.KindInvalid && k != parley.KindNotFound {
			s.Log.Error("status", "err", err)
		}
		web.JSON(w, http.StatusUnauthorized, map[string]any{"success": false, "errors": []fault{{Msg: "the token is not one of ours, or has expired", Keys: []string{"invalid_token"}}}})
		return
	}
	out := map[string]any{"success": p.Stage != Denied, "txRefId": p.TxRefID(), "state": p.Status.State(), "statusCode": int(p.Status), "status": p.Status.String(),
		"done": p.Stage == Granted || p.Stage == Denied}
	if p.Refusal != nil && p.Refusal.Code != "" {
		out["errCode"] = p.Refusal.Code
	}
	web.JSON(w, http.StatusOK, out)
}

func (s *Server) statusOf(ctx context.Context, token string) (Progress, error) {
	if len(token) > 4<<10 {
		return Progress{}, errToken
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return Progress{}, errToken
	}
	body, err := jws.Verify(Derive(s.Secret, "status tokens"))
	if err != nil {
		return Progress{}, errToken
	}
	merchant, tx, err := readStatus(body, s.Now())
	if err != nil {
		return Progress{}, err
	}
	run, err := s.Store.RunOf(ctx, tx)
	if err != nil {
		return Progress{}, err
	}
	p, err := s.Conversations.Await(ctx, run, func(Progress) bool { return true })
	if err == nil && p.Request.Merchant != merchant {
		err = errToken
	}
	return p, err
}

// readStatus reads the claims of a status token that was verified.
func readStatus(body []byte, now time.Time) (merchant int, tx int64, err error) {
	var claims struct {
		MerchantID int    `json:"merchantId"`
		Exp        int64  `json:"exp"`
		Token      string `json:"token"`
	}
	if json.Unmarshal(body, &claims) != nil || now.Unix() >= claims.Exp {
		return 0, 0, errToken
	}
	_, number, ok := strings.Cut(claims.Token, "A")
	if tx, err = strconv.ParseInt(number, 10, 64); err != nil || !ok {
		return 0, 0, errToken
	}
	return claims.MerchantID, tx, nil
}
