package clients_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/examples/relay/clients"
)

var some = clients.Limits{Connections: 1, Rate: 1, Message: 1}

func TestWhatIsNoListOfClientsIsSaid(t *testing.T) {
	for _, list := range []string{"alice", "alice=", "=secret", "alice=a bob", "alice=a bob=a"} {
		if all, err := clients.Parse(list, some); err == nil {
			t.Errorf("%q is taken for %d clients", list, len(all))
		}
	}
	for _, l := range []clients.Limits{
		{Rate: 1, Message: 1}, {Connections: 1, Message: 1}, {Connections: 1, Rate: 1}, {Connections: -1, Rate: 1, Message: 1},
	} {
		if _, err := clients.Parse("alice=secret", l); err == nil {
			t.Errorf("%v are taken for limits", l)
		}
	}
}

func TestAClientWithTwoTokensHasTheLimitsOfOne(t *testing.T) {
	all, err := clients.Parse("alice=old bob=other alice=new", some)
	if err != nil {
		t.Fatal(err)
	}
	with := func(token string) *clients.Client {
		return all.Of(&http.Request{Header: http.Header{"Authorization": {"Bearer " + token}}})
	}
	if alice := with("old"); alice == nil || alice != with("new") || alice == with("other") {
		t.Error("each token has limits of its own, or none")
	}
}

func TestAPaceHoldsBackWhatIsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := clients.Pace{Rate: 1000}
		take := func(n int, want time.Duration) {
			t.Helper()
			d := p.Take(n - 14)
			if d = max(0, d); d != want {
				t.Errorf("%d bytes wait for %v, want %v", n, d, want)
			}
			time.Sleep(d)
		}
		take(1000, 0) // that is a second's worth
		take(100, 100*time.Millisecond)
		take(14, 14*time.Millisecond)
		take(5000, 5*time.Second) // more than a second has room for
		time.Sleep(500 * time.Millisecond)
		take(500, 0)
		time.Sleep(time.Hour)
		take(1001, time.Millisecond)
	})
}
