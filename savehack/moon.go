package savehack

import "math"

// phase is a phase of the moon.
type phase float64

const (
	newMoon  phase = 0
	fullMoon phase = 0.5
)

// The moon comes round in this many days on average; day numbers of new moon 0, that of 6 January 2000.
const (
	lunation  = 29.530588861
	firstMoon = 2451550.09766 - 2440587.5
)

// nextMoon is the first date after another on which the moon comes to a phase. The date is that of Greenwich (UTC), because a phase is one
// instant for the whole earth.
func nextMoon(p phase, after Date) Date {
	from := float64(after.number() + 1)
	// A phase strays at most some fifteen hours from its mean, so one that is due two days before the date cannot come after it.
	k := math.Ceil((from-2-firstMoon)/lunation-float64(p)) + float64(p)
	for ; ; k++ {
		if at := moon(k, p); at >= from {
			return dateOf(int(math.Floor(at)))
		}
	}
}

// moon is when lunation k reaches a phase: days since 1970, UTC; k ends in .5 for a full moon. Jean Meeus, Astronomical Algorithms, second
// edition, chapter 49: between 1980 and 2020 right to 20 seconds.
func moon(k float64, p phase) float64 {
	t := k / 1236.85 // centuries since 2000
	t2, t3, t4 := t*t, t*t*t, t*t*t*t
	at := firstMoon + lunation*k + 0.00015437*t2 - 0.000000150*t3 + 0.00000000073*t4

	e := 1 - 0.002516*t - 0.0000074*t2                                                      // the earth's orbit becomes rounder
	sun := radians(2.5534 + 29.10535670*k - 0.0000014*t2 - 0.00000011*t3)                   // M, the sun's mean anomaly
	m := radians(201.5643 + 385.81693528*k + 0.0107582*t2 + 0.00001238*t3 - 0.000000058*t4) // M', the moon's
	f := radians(160.7108 + 390.67050284*k - 0.0016118*t2 - 0.00000227*t3 + 0.000000011*t4) // F, the moon's argument of latitude
	node := radians(124.7746 - 1.56375588*k + 0.0020672*t2 + 0.00000215*t3)                 // Ω, of the ascending node
	a, b, c, d, g, h, i := -0.40720, 0.17241, 0.01608, 0.01039, 0.00739, -0.00514, 0.00208  // of a new moon
	if p == fullMoon {
		a, b, c, d, g, h, i = -0.40614, 0.17302, 0.01614, 0.01043, 0.00734, -0.00515, 0.00209
	}
	sin := math.Sin
	at += a*sin(m) + b*e*sin(sun) + c*sin(2*m) + d*sin(2*f) + g*e*sin(m-sun) + h*e*sin(m+sun) + i*e*e*sin(2*sun) -
		0.00111*sin(m-2*f) - 0.00057*sin(m+2*f) + 0.00056*e*sin(2*m+sun) - 0.00042*sin(3*m) +
		0.00042*e*sin(sun+2*f) + 0.00038*e*sin(sun-2*f) - 0.00024*e*sin(2*m-sun) - 0.00017*sin(node) -
		0.00007*sin(m+2*sun) + 0.00004*sin(2*m-2*f) + 0.00004*sin(3*sun) + 0.00003*sin(m+sun-2*f) +
		0.00003*sin(2*m+2*f) - 0.00003*sin(m+sun+2*f) + 0.00003*sin(m-sun+2*f) - 0.00002*sin(m-sun-2*f) -
		0.00002*sin(3*m+sun) + 0.00002*sin(4*m)
	for _, planet := range planets {
		arc := planet.at + planet.step*k
		if planet.slowing != 0 {
			arc += planet.slowing * t2
		}
		at += planet.days * sin(radians(arc))
	}
	return at - lag(2000+t*100)/86400
}

// planets pull at the moon: the arguments A1 to A14.
var planets = [...]struct{ days, at, step, slowing float64 }{
	{0.000325, 299.77, 0.107408, -0.009173},
	{0.000165, 251.88, 0.016321, 0},
	{0.000164, 251.83, 26.651886, 0},
	{0.000126, 349.42, 36.412478, 0},
	{0.000110, 84.66, 18.206239, 0},
	{0.000062, 141.74, 53.303771, 0},
	{0.000060, 207.14, 2.453732, 0},
	{0.000056, 154.84, 7.306860, 0},
	{0.000047, 34.52, 27.261239, 0},
	{0.000042, 207.19, 0.121824, 0},
	{0.000040, 291.34, 1.844379, 0},
	{0.000037, 161.72, 24.198154, 0},
	{0.000035, 239.56, 25.513099, 0},
	{0.000023, 331.55, 3.592518, 0},
}

// lag is ΔT, the seconds by which the turning earth lies behind even time. Espenak and Meeus's polynomials foresaw more than came; since 2017
// it has stood at 69 seconds, and what it will do is not known. A second more or less moves a date once in three thousand years.
func lag(year float64) float64 {
	if year < 2005 {
		return 64
	}
	return math.Min(64.7+0.4*(year-2005), 69.2)
}

func radians(degrees float64) float64 { return math.Mod(degrees, 360) * math.Pi / 180 }
