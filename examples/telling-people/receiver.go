//go:build ignore

// A receiver of roster's webhook, to start from:
//
//	ROSTER_WEBHOOK_SECRET=... go run receiver.go 127.0.0.1:8090
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// message is what this receiver needs of the body.
type message struct {
	Delivery string `json:"delivery"`
	Text     string `json:"text"`
}

func main() {
	secret := os.Getenv("ROSTER_WEBHOOK_SECRET")
	if secret == "" || len(os.Args) != 2 {
		log.Fatal("usage: ROSTER_WEBHOOK_SECRET=... go run receiver.go ADDRESS:PORT")
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/\n", listener.Addr())

	var seen sync.Map // of deliveries; a real receiver forgets them after a day
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		if err := verify(secret, r.Header, body, time.Now()); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			http.Error(w, "not JSON", http.StatusBadRequest)
			return
		}
		if _, again := seen.LoadOrStore(m.Delivery, true); !again {
			fmt.Println(m.Text)
		}
		w.WriteHeader(http.StatusNoContent)
	})))
}

// verify checks that the body was signed with the secret, not long ago. It has to
// be the body as it came: JSON that was read and written again has other bytes.
func verify(secret string, header http.Header, body []byte, now time.Time) error {
	timestamp := header.Get("X-Roster-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("no timestamp")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > 5*time.Minute {
		return fmt.Errorf("signed too long ago, or in the future")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	want := "v1=" + hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(header.Get("X-Roster-Signature")), []byte(want)) {
		return fmt.Errorf("the signature is not this secret's")
	}
	return nil
}
