package oauth

import (
	"net/http"
	"slices"

	"parley/web"
)

// metadata is RFC 8414, and for OpenID clients the same under its other name.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	var scopes []string
	auths, grants, bound := []Auth{}, []string{"authorization_code"}, false
	if len(s.partners) > 0 {
		grants = append(grants, "client_credentials")
	}
	for _, c := range s.clients {
		for _, scope := range c.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
		for _, auth := range c.auths() {
			if !slices.Contains(auths, auth) {
				auths = append(auths, auth)
			}
		}
		bound = bound || len(c.Certificates) > 0
	}
	slices.Sort(scopes)
	slices.Sort(auths)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	out := map[string]any{
		"issuer":                                         s.Issuer,
		"authorization_endpoint":                         s.Issuer + "/oauth/authorize",
		"token_endpoint":                                 s.Issuer + "/oauth/token",
		"jwks_uri":                                       s.Issuer + "/oauth/jwks",
		"scopes_supported":                               scopes,
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          grants,
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"token_endpoint_auth_methods_supported":          auths,
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"claims_parameter_supported":                     false,
		"prompt_values_supported":                        []string{"none", "login"},
		"display_values_supported":                       []string{"page", "popup"},
		"ui_locales_supported":                           web.Languages(),
		"claims_supported":                               []string{"sub", "name", "given_name", "family_name", "birthdate", "auth_time", "acr", "idp"},
		"check_token_endpoint":                           s.Issuer + "/oauth/check_token",
	}
	if bound { // RFC 8705 §3.3, §5
		out["tls_client_certificate_bound_access_tokens"] = true
		if s.TLSHost != "" {
			out["mtls_endpoint_aliases"] = map[string]string{"token_endpoint": "https://" + s.TLSHost + "/oauth/token"}
		}
	}
	web.JSON(w, http.StatusOK, out)
}
