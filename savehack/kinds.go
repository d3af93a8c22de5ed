package savehack

import (
	"slices"
	"strings"
)

// kinds are all kinds, in the order in which they are offered: the plain ones, those that surprise, those that grow, and those that follow
// something.
var kinds = []Kind{
	oneTimeKind(), dailyKind(), weeklyKind(), monthlyKind(), autopilotKind(),
	thiefKind(), rouletteKind(), calendarChaosKind(), moonstruckKind(),
	rocketKind(), everestKind(),
	percentageKind(), roundupKind(), copycatKind(),
}

// Kinds are all kinds, in the order in which they are offered.
func Kinds() []Kind { return slices.Clone(kinds) }

// Find is the kind of a name, letter for letter. The wire's names with "Launch" at the end are found too: "DailyLaunch" is Daily.
func Find(name string) (Kind, bool) {
	name = strings.TrimSuffix(name, "Launch")
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}
