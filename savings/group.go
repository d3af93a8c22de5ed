package savings

import (
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"parley"
)

// Group is a group dream: several people save for the same, each in a dream of their own with money of their own, and only the sum is shown
// together. Who is in it is said by their dreams, whose Group and Joined say so; here stands what is nobody's alone.
//
//	open ──somebody leaves──▶ open, and belongs to one of those who are left
//	  └────the last leaves──▶ ended: its code is good for nothing
//
// A bank may group dreams by itself, under ids of its own. Of such a group nothing is known here, and its dreams have no Joined.
type Group struct {
	ID      string
	Partner string
	Code    string // by which one joins; no other group of the partner's ever has it. Shown by ShownCode
	Owner   string // one of its members
	// What it is called and looks like. It is taken from the dream that it was made of, and what its owner changes of theirs, as far as the two
	// were alike, changes here too. A picture goes with the owner who gave it.
	Name        string
	Target      Cents
	Expires     string
	Image       string
	Inspiration string
	Created     time.Time
	Ended       time.Time
	Members     int // how many are in it, as it is read; it is not written
}

// MostMembers is how many people may be in a group dream.
const MostMembers = 50

// Joining is the dream of one's own with which one joins a group dream. What is nil is as it is in the group.
type Joining struct {
	Name, Expires *string
	Target        *Cents
}

type (
	// PutGroup makes a group. A code that another group of the partner's has is a conflict over "savings_group".
	PutGroup struct{ Group Group }
	// DescribeGroup has a group follow a change of its owner's dream in it: what was alike in both is made alike again. It does nothing when the
	// dream is not its owner's.
	DescribeGroup struct {
		Group   string
		Was, Is Dream
	}
	// Regroup sets a group right after somebody's dream has come into it or gone, as Group.Arranged says. It waits for any other that does so,
	// and stands behind what it follows from. A group that has ended meanwhile, or has become full, is a conflict.
	Regroup struct {
		Group string
		At    time.Time
	}
)

// Table says where a PutGroup is written.
func (PutGroup) Table() string { return "savings_group" }

// Table says where a DescribeGroup is written.
func (DescribeGroup) Table() string { return "savings_group" }

// Table says where a Regroup is written.
func (Regroup) Table() string { return "savings_group" }

// Arranged is a group after somebody has joined or left it. members are the users who are in it now, in the order in which they joined. An owner
// who is not among them any more is followed by who joined first after them. More than MostMembers is a conflict.
func (g Group) Arranged(members []string, at time.Time) (Group, error) {
	switch {
	case len(members) > MostMembers:
		return g, errFull
	case len(members) == 0:
		g.Owner, g.Name, g.Image, g.Ended = "", "", "", at
	case !slices.Contains(members, g.Owner):
		g.Owner, g.Image = members[0], ""
	}
	return g, nil
}

var errFull = conflict("the group has as many members as it may have")

// Alike has a group follow a change of its owner's dream, as far as the two were alike.
func (g Group) Alike(was, is Dream) Group {
	if g.Name == was.Name {
		g.Name = is.Name
	}
	if g.Target == was.Target {
		g.Target = is.Target
	}
	if g.Expires == was.Expires {
		g.Expires = is.Expires
	}
	if g.Image == was.Image {
		g.Image = is.Image
	}
	return g
}

// MakeGroup makes a group dream of a dream, under a new code. One that is in a group of ours already stays in it.
func (b *Book) MakeGroup(dream string) error {
	if err := b.alive(); err != nil {
		return err
	}
	d, ok := b.Dream(dream)
	switch {
	case !ok || !d.DeletedAt.IsZero():
		return NotFound("Dream")
	case !d.Joined.IsZero():
		return nil
	case d.Group != "":
		return conflict("the bank has put the dream into a group")
	case d.Type != SavingsDream:
		return conflict("only savings dreams can be group dreams")
	}
	code, err := newCode(b.Random)
	if err != nil {
		return err
	}
	g := Group{ID: b.NewID(), Partner: b.Partner.ID, Code: code, Owner: b.User.ID, Name: d.Name, Target: d.Target, Expires: d.Expires, Image: d.Image,
		Inspiration: d.Inspiration, Created: b.Now}
	d.Group, d.Joined = g.ID, b.Now
	b.touch(d.ID)
	b.Also(PutGroup{g})
	b.emit(DreamUpdated, d.ID)
	return nil
}

// JoinGroup makes a dream of one's own in the group that is named by Of.Code. Somebody who is in it keeps the dream that they have there, and
// joined is false.
func (b *Book) JoinGroup(j Joining) (d Dream, joined bool, err error) {
	if err := b.alive(); err != nil {
		return Dream{}, false, err
	}
	g := b.Group
	if g.ID == "" || g.Partner != b.Partner.ID || !g.Ended.IsZero() {
		return Dream{}, false, NotFound("group")
	}
	if there, ok := b.in(g.ID); ok {
		return *there, false, nil
	}
	if g.Members >= MostMembers {
		return Dream{}, false, errFull
	}
	n := NewDream{Name: g.Name, Target: g.Target, Expires: g.Expires, Inspiration: g.Inspiration, Group: g.ID}
	if n.Expires < b.today().String() {
		n.Expires = "" // the others have not made it by then
	}
	set(&n.Name, j.Name)
	set(&n.Target, j.Target)
	set(&n.Expires, j.Expires)
	d, err = b.CreateDream(n)
	return d, err == nil, err
}

// LeaveGroup makes a dream private: it and its money stay the person's. One that is in no group stays as it is.
func (b *Book) LeaveGroup(dream string) (Dream, error) {
	if err := b.alive(); err != nil {
		return Dream{}, err
	}
	d, ok := b.Dream(dream)
	switch {
	case !ok:
		return Dream{}, NotFound("Dream")
	case d.Joined.IsZero() && d.Group != "":
		return Dream{}, conflict("the bank has put the dream into a group")
	case d.Group != "":
		b.part(d)
		b.emit(DreamUpdated, d.ID)
	}
	return *d, nil
}

// in finds the user's dream in a group of ours.
func (b *Book) in(group string) (*Dream, bool) {
	return find(b.Dreams, func(d *Dream) bool { return d.Group == group && !d.Joined.IsZero() })
}

// checkGroup checks whether a dream can be part of a group, and reports whether the group is one of ours: then it is the one that was named. Any
// other id is the bank's own.
func (b *Book) checkGroup(f *Faults, d *Dream, id string) (ours bool) {
	g := b.Group
	if id == "" || g.ID != id {
		return false
	}
	_, there := b.in(id)
	switch {
	case g.Partner != b.Partner.ID || !g.Ended.IsZero():
		f.add("groupDreamId", absent)
	case d.Type != SavingsDream:
		f.add("groupDreamId", "is for dreams of another type")
	case there:
		f.add("groupDreamId", taken)
	case g.Members >= MostMembers:
		f.add("groupDreamId", "is full")
	}
	return true
}

// enter makes a dream part of a group of ours.
func (b *Book) enter(d *Dream, group string) {
	d.Group, d.Joined = group, b.Now
	b.touch(d.ID)
	b.groups = append(b.groups, group)
}

// part takes a dream out of its group. What it copies of the others ends with that; those who copy something of it are woken, and end it too.
func (b *Book) part(d *Dream) {
	if !d.Joined.IsZero() {
		b.groups = append(b.groups, d.Group)
	}
	d.Group, d.Joined = "", time.Time{}
	b.touch(d.ID)
	for i := range b.Launches {
		l := &b.Launches[i]
		if l.Dream != d.ID || l.State == Stopped {
			continue
		}
		if _, own := b.Launch(l.Follows); l.Follows != "" && !own {
			b.stop(l)
		} else {
			b.Also(WakeFollowers{Launch: l.ID, At: b.Now})
		}
	}
}

// regroups set right the groups that dreams have come into or left: always in one order, so that two changes never wait for one another.
func (b *Book) regroups() (ws []Write) {
	slices.Sort(b.groups)
	for _, g := range slices.Compact(b.groups) {
		ws = append(ws, Regroup{g, b.Now})
	}
	return ws
}

// codeAlphabet has nothing that is taken for something else in it when it is read out or written down, and no vowels, so that no code is a word.
// RFC 8628 §6.1 has the same thought.
const codeAlphabet = "23456789CDFGHJKLMNPQRTVWXY"

const codeLength = 8

// newCode draws a code.
func newCode(random io.Reader) (string, error) {
	var code []byte
	for one := make([]byte, 1); len(code) < codeLength; {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", parley.Errorf("", "draw a code: %w", err)
		}
		if n := int(one[0]); n < 256/len(codeAlphabet)*len(codeAlphabet) { // or the first letters would come more often
			code = append(code, codeAlphabet[n%len(codeAlphabet)])
		}
	}
	return string(code), nil
}

// typed reads what somebody has typed for what they saw.
var typed = strings.NewReplacer("-", "", " ", "", "S", "5", "Z", "2", "B", "8", "I", "L", "1", "L", "U", "V")

// ReadCode reads the code of a group dream as people write it: in any case, with or without the dash. ok is false when it can be none.
func ReadCode(written string) (code string, ok bool) {
	if len(written) > 100 {
		return "", false
	}
	code = typed.Replace(strings.ToUpper(written))
	return code, len(code) == codeLength && strings.Trim(code, codeAlphabet) == ""
}

// ShownCode is the code as people read it: "XXXX-XXXX".
func (g Group) ShownCode() string { return g.Code[:codeLength/2] + "-" + g.Code[codeLength/2:] }

// Member is somebody in a group dream, and their dream in it. To the others only Name and Joined are shown; of what they saved the sum.
type Member struct {
	User, Dream   string
	Given, Family parley.Private
	Joined        time.Time
	Balance       Cents
}

// GroupView is a group dream with who is in it, in the order in which they joined.
type GroupView struct {
	Group
	In []Member
}

// Saved is what all have saved together.
func (g GroupView) Saved() (sum Cents) {
	for _, m := range g.In {
		sum += m.Balance
	}
	return sum
}

// Name is all that the others see of a person: the first name, and the first letter of the surname.
func (m Member) Name() string {
	given := strings.Fields(m.Given.Reveal())
	if len(given) == 0 {
		return "" // a surname's letter by itself says nothing
	}
	family := strings.Fields(m.Family.Reveal())
	if len(family) == 0 {
		return given[0]
	}
	letter := ""
	for _, r := range family[len(family)-1] { // "van der Berg" is B: names are told apart by it
		if letter != "" && !unicode.Is(unicode.Mn, r) {
			break
		}
		letter += string(unicode.ToUpper(r)) // with what stands above it
	}
	return given[0] + " " + letter
}
