package savings

import (
	"slices"

	"parley/savehack"

	"github.com/google/uuid"
)

// CatalogueItem is a savehack as a partner offers it. Its id is made of the partner and the kind, so that it is the same everywhere.
type CatalogueItem struct{ ID, Kind string }

// catalogueSpace is the name space of catalogue ids: a UUIDv5 of partner and kind is the same in every installation.
var catalogueSpace = uuid.NewSHA1(uuid.NameSpaceOID, []byte("parley savehack catalogue"))

// Catalogue are the savehacks that a partner offers, in a fixed order.
func (p *Partner) Catalogue() []CatalogueItem {
	var out []CatalogueItem
	for _, k := range savehack.Kinds() {
		if p.Savehacks == nil || slices.Contains(p.Savehacks, k.Name) {
			out = append(out, CatalogueItem{ID: uuid.NewSHA1(catalogueSpace, []byte(p.ID+"/"+k.Name)).String(), Kind: k.Name})
		}
	}
	return out
}

// offered finds what is to be launched, by its id or by its kind; when both are given they must agree.
func (p *Partner) offered(f *Faults, n NewLaunch) (CatalogueItem, bool) {
	all := p.Catalogue()
	k, known := savehack.Find(n.Kind)
	i := slices.IndexFunc(all, func(c CatalogueItem) bool {
		return (n.Savehack == "" || c.ID == n.Savehack) && (n.Kind == "" || known && c.Kind == k.Name)
	})
	switch {
	case n.Savehack == "" && n.Kind == "":
		f.add("savehackId", blank)
	case i >= 0:
		return all[i], true
	case n.Savehack != "" && !slices.ContainsFunc(all, func(c CatalogueItem) bool { return c.ID == n.Savehack }):
		f.add("savehackId", absent)
	default:
		f.add("type", notListed)
	}
	return CatalogueItem{}, false
}

// offersCopying reports whether somebody may follow a launch.
func (p *Partner) offersCopying() bool {
	return slices.ContainsFunc(savehack.Kinds(), func(k savehack.Kind) bool {
		return k.Follows && (p.Savehacks == nil || slices.Contains(p.Savehacks, k.Name))
	})
}
