package savings_test

import (
	"testing"

	"parley/savings"
)

func TestTwoLaunchesUnderOneCapAreNotForeseenTwiceAsFast(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	d.must(func(b *savings.Book) error {
		_, err := b.UpdateDream(dream.ID, savings.DreamPatch{Target: ptr[savings.Cents](1_200_000)})
		return err
	})
	d.must(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 50_000}) })
	see := func(more ...savings.NewLaunch) savings.Forecast {
		return get(d, func(b *savings.Book) (savings.Forecast, error) { return b.Forecast(dream.ID, more...) })
	}
	daily := savings.NewLaunch{Kind: "Daily", Params: []byte(`{"amountCents":5000}`)}
	// Twenty-four months of the cap: only within a month are two faster.
	one, two := see(daily), see(daily, daily)
	if one.Reached == "" || two.Reached < "2028-10" || two.Weekly > one.Weekly*11/10 {
		t.Errorf("one launch %+v, two %+v", one, two)
	}
}
