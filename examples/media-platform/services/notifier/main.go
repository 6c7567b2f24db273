// Command notifier takes events from the API and posts them to webhooks.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

type event struct {
	Event   string `json:"event"`
	AssetID int64  `json:"asset_id"`
}

type notifier struct {
	client   *http.Client
	webhooks []string
	queue    chan event
	sent     atomic.Int64
	failed   atomic.Int64
}

func (n *notifier) accept(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	var e event
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case n.queue <- e:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "queue is full", http.StatusServiceUnavailable)
	}
}

func (n *notifier) metrics(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "# TYPE lantern_webhooks_total counter\n")
	fmt.Fprintf(w, "lantern_webhooks_total{result=\"ok\"} %d\n", n.sent.Load())
	fmt.Fprintf(w, "lantern_webhooks_total{result=\"failed\"} %d\n", n.failed.Load())
}

func (n *notifier) deliver() {
	for e := range n.queue {
		body, err := json.Marshal(e)
		if err != nil {
			log.Printf("event %+v: %v", e, err)
			continue
		}
		for _, url := range n.webhooks {
			if err := n.post(url, body); err != nil {
				n.failed.Add(1)
				log.Printf("%s: %v", url, err)
				continue
			}
			n.sent.Add(1)
		}
	}
}

func (n *notifier) post(url string, body []byte) error {
	response, err := n.client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("status %s", response.Status)
	}
	return nil
}

func main() {
	listen := flag.String("listen", ":8200", "address to listen on")
	api := flag.String("api", "http://api:8000", "the API, checked at start")
	flag.Parse()

	n := &notifier{client: &http.Client{Timeout: 10 * time.Second}, queue: make(chan event, 256)}
	for _, url := range strings.Split(os.Getenv("WEBHOOKS"), ",") {
		if url = strings.TrimSpace(url); url != "" {
			n.webhooks = append(n.webhooks, url)
		}
	}
	if response, err := n.client.Get(*api + "/healthz"); err != nil {
		log.Printf("API does not answer yet: %v", err)
	} else {
		response.Body.Close()
	}
	go n.deliver()

	http.HandleFunc("/events", n.accept)
	http.HandleFunc("/metrics", n.metrics)
	log.Printf("listening on %s, %d webhooks", *listen, len(n.webhooks))
	log.Fatal(http.ListenAndServe(*listen, nil))
}
