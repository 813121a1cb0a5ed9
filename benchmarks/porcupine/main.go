// Judges histories with Porcupine and says how many steps of the model and how much time each took.
//
// Standard input: a JSON array of histories; standard output: one JSON object a history.
package main

import (
	"encoding/json"
	"os"
	"sort"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

type event struct {
	ID     int    `json:"id"`
	Return bool   `json:"return"`
	F      string `json:"f"`
	Key    string `json:"key"`
	Asked  string `json:"asked"`
	Asked2 string `json:"asked2"`
	Answer string `json:"answer"`
	Known  bool   `json:"known"`
}

type history struct {
	Name      string  `json:"name"`
	Events    []event `json:"events"`
	TimeoutMs int     `json:"timeout_ms"`
	Rounds    int     `json:"rounds"`
}

type result struct {
	Name    string  `json:"name"`
	Verdict string  `json:"verdict"`
	Steps   int64   `json:"steps"`
	Seconds float64 `json:"seconds"`
}

var steps int64

// step is the object: a register with compare-and-set, or a list. A value is its JSON text, a list the text of its items.
func step(state, input, output interface{}) (bool, interface{}) {
	atomic.AddInt64(&steps, 1)
	now, in, out := state.(string), input.(event), output.(event)
	switch in.F {
	case "write":
		return true, in.Asked
	case "append":
		return true, now + "," + in.Asked
	case "cas":
		equal := now == in.Asked
		legal := !out.Known || (out.Answer == "true") == equal
		if equal {
			now = in.Asked2
		}
		return legal, now
	}
	return !out.Known || out.Answer == now, now
}

func partition(events []porcupine.Event) [][]porcupine.Event {
	keys := map[int]string{}
	groups := map[string][]porcupine.Event{}
	names := []string{}
	for _, e := range events {
		if e.Kind == porcupine.CallEvent {
			keys[e.Id] = e.Value.(event).Key
		}
		key := keys[e.Id]
		if _, there := groups[key]; !there {
			names = append(names, key)
		}
		groups[key] = append(groups[key], e)
	}
	sort.Strings(names)
	parts := [][]porcupine.Event{}
	for _, name := range names {
		parts = append(parts, groups[name])
	}
	return parts
}

func main() {
	var histories []history
	if err := json.NewDecoder(os.Stdin).Decode(&histories); err != nil {
		panic(err)
	}
	out := json.NewEncoder(os.Stdout)
	for _, h := range histories {
		first := "null"
		events := []porcupine.Event{}
		for _, e := range h.Events {
			if e.F == "append" {
				first = ""
			}
			kind := porcupine.CallEvent
			if e.Return {
				kind = porcupine.ReturnEvent
			}
			events = append(events, porcupine.Event{Kind: kind, Value: e, Id: e.ID})
		}
		model := porcupine.Model{
			PartitionEvent: partition,
			Init:           func() interface{} { return first },
			Step:           step,
			Hash: func(state interface{}) uint64 {
				sum := uint64(14695981039346656037)
				for _, c := range []byte(state.(string)) {
					sum = (sum ^ uint64(c)) * 1099511628211
				}
				return sum
			},
		}
		taken := []float64{}
		var verdict porcupine.CheckResult
		for i := 0; i < h.Rounds; i++ {
			atomic.StoreInt64(&steps, 0)
			began := time.Now()
			verdict = porcupine.CheckEventsTimeout(model, events, time.Duration(h.TimeoutMs)*time.Millisecond)
			taken = append(taken, time.Since(began).Seconds())
			if verdict == porcupine.Unknown {
				break
			}
		}
		sort.Float64s(taken)
		_ = out.Encode(result{h.Name, string(verdict), atomic.LoadInt64(&steps), taken[len(taken)/2]})
	}
}
