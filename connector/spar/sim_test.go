package spar_test

import (
	"net/http/httptest"
	"testing"

	"parley"
	"parley/connector/spar"
	"parley/sim"
	"parley/web"
)

func TestSimulatedRegister(t *testing.T) {
	register := sim.NewRegister(sim.RegisterOptions{KundNr: "500243"})
	server := httptest.NewServer(register)
	t.Cleanup(server.Close)
	s, err := spar.New(spar.Config{URL: server.URL + "/2021.1/personsok", Client: web.NewClient(web.ClientOptions{AllowPrivate: true}),
		KundNrLeveransMottagare: "500243", UppdragID: "637", SlutAnvandarID: "parley"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range sim.RegisterPersons() {
		got, err := s.Address(t.Context(), parley.Private("SE"+p.IDNumber))
		switch {
		case p.TooMany:
			if parley.KindOf(err) != parley.KindRefused {
				t.Errorf("too many: %v", err)
			}
		case err != nil:
			t.Errorf("%v", err)
		case p.Sekretess || p.SkyddadFolkbokforing || p.Now.Street == "" && p.Abroad.Land == "":
			if got != (parley.Address{}) {
				t.Error("an address that there is not, or that is not to be told")
			}
		case p.Abroad.Land != "":
			if got.Street.Reveal() != p.Abroad.Street || got.City.Reveal() != p.Abroad.Postort || got.Country != "ESP" {
				t.Errorf("abroad in %s", got.Country)
			}
		case got.Street.Reveal() != p.Now.Street || got.Zip.Reveal() != p.Now.PostNr || got.City.Reveal() != p.Now.Postort || got.Country != "SWE":
			t.Errorf("an old address, or another's")
		}
	}
	if asked := len(sim.RegisterPersons()); register.Questions() != asked {
		t.Errorf("%d questions are on the bill, not %d", register.Questions(), asked)
	}
	if got, err := s.Address(t.Context(), "SE198001012395"); err != nil || got != (parley.Address{}) {
		t.Errorf("unknown: %v", err)
	}
	for fault, want := range map[sim.Fault]parley.Kind{sim.Refuse: parley.KindUnavailable, sim.Garbage: parley.KindUnknown, sim.Broken: parley.KindUnavailable,
		sim.Drop: parley.KindUnknown, sim.Lose: parley.KindUnknown} {
		register.Faults.Set("personsok", fault, 1)
		if _, err := s.Address(t.Context(), "SE199001012385"); parley.KindOf(err) != want {
			t.Errorf("%s: %v", fault, err)
		}
	}
}
