//! Events sent to a receiver that is a real HTTP server, with OpenSSL as the witness of signatures.

use std::collections::VecDeque;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::json;
use server::config::WebhookEntry;
use server::serve::accounts::Role;
use server::serve::webhooks::Webhook;

use super::{Served, served, step};

/// The secret of the standard's examples.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SECRET_HEX: &str = "31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0";

#[derive(Clone, Default)]
struct Inbox {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: String) -> StatusCode {
    let status = inbox.statuses.lock().unwrap().pop_front().unwrap_or(204);
    if status < 300 {
        inbox.got.lock().unwrap().push((headers, body));
    }
    StatusCode::from_u16(status).unwrap()
}

impl Inbox {
    fn ids(&self) -> Vec<u64> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().parse().unwrap()).collect()
    }
}

/// Starts a receiver and returns its address.
async fn receiver(inbox: &Inbox) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/hook", post(receive)).with_state(inbox.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/hook")
}

fn webhook(served: &Served, url: &str, allow: bool) -> Arc<Webhook> {
    let secret_file = served.folder.path().join("secret");
    std::fs::write(&secret_file, format!("{SECRET}\n")).unwrap();
    let allow = if allow { vec!["127.0.0.1".parse().unwrap()] } else { Vec::new() };
    let entry =
        WebhookEntry { id: "hub".to_owned(), url: url.to_owned(), secret_file, department: None, allow };
    Arc::new(Webhook::new(&served.app, entry).unwrap())
}

/// Sends one batch; tells whether there was one.
async fn send(served: &Served, hook: &Arc<Webhook>) -> bool {
    let (app, hook) = (Arc::clone(&served.app), Arc::clone(hook));
    tokio::task::spawn_blocking(move || hook.step(&app).unwrap()).await.unwrap()
}

async fn confirm_one(served: &Served) {
    let li = served.person("li", Role::Analyst, None);
    let case = served.cases(&li, "/v1/queue?state=waiting").await.remove(0);
    let path = "/v1/operations";
    let done = served.call(&li, axum::http::Method::POST, path, Some(step(&case, "confirm", ""))).await;
    assert_eq!(done.status, StatusCode::OK);
}

fn hmac_by_openssl(text: &str) -> String {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{SECRET_HEX}"), "-binary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let bytes = openssl.wait_with_output().unwrap().stdout;
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_arrives_once_in_order_and_signed() {
    let (served, inbox) = (served(2), Inbox::default());
    let hook = webhook(&served, &receiver(&inbox).await, true);
    assert!(!send(&served, &hook).await, "a new webhook begins with the events to come");
    confirm_one(&served).await;
    assert!(send(&served, &hook).await);
    assert!(!send(&served, &hook).await);
    let ids = inbox.ids();
    assert!(ids.len() >= 2 && ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    for (headers, body) in inbox.got.lock().unwrap().iter() {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let signed = format!("{}.{}.{body}", text("webhook-id"), text("webhook-timestamp"));
        assert_eq!(text("webhook-signature"), format!("v1,{}", hmac_by_openssl(&signed)));
        assert!(text("content-type").starts_with("application/cloudevents+json"));
        let event: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(event["id"], text("webhook-id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_gets_the_same_event_again_later_and_none_is_lost() {
    let (served, inbox) = (served(2), Inbox::default());
    let hook = webhook(&served, &receiver(&inbox).await, true);
    confirm_one(&served).await;
    inbox.statuses.lock().unwrap().extend([204, 500]);
    assert!(send(&served, &hook).await);
    let first = inbox.ids();
    assert_eq!(first.len(), 1, "the second was refused");
    inbox.statuses.lock().unwrap().push_back(500);
    assert!(send(&served, &hook).await);
    assert!(!send(&served, &hook).await, "a failure waits");
    let consumer = served.app.stores.with(|store| Ok(store.consumers()?.remove(0))).unwrap();
    assert_eq!(consumer.cursor, first[0]);
    assert!(consumer.delivery.last_error.unwrap().contains("500"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_left_alone_and_a_refused_event_becomes_a_dead_letter() {
    let (served, inbox) = (served(4), Inbox::default());
    let hook = webhook(&served, &receiver(&inbox).await, true);
    confirm_one(&served).await;
    inbox.statuses.lock().unwrap().push_back(422);
    assert!(send(&served, &hook).await);
    let consumer = served.app.stores.with(|store| Ok(store.consumers()?.remove(0))).unwrap();
    assert_eq!(consumer.dead_letters.len(), 1);
    while send(&served, &hook).await {}
    inbox.statuses.lock().unwrap().push_back(410);
    confirm_one(&served).await;
    assert!(send(&served, &hook).await);
    let before = inbox.ids().len();
    assert!(!send(&served, &hook).await, "410 stops the webhook");
    assert_eq!(inbox.ids().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_the_network_are_refused_unless_they_are_allowed() {
    let (served, inbox) = (served(2), Inbox::default());
    let url = receiver(&inbox).await;
    for url in [url.clone(), url.replace("127.0.0.1", "localhost")] {
        let hook = webhook(&served, &url, false);
        confirm_one(&served).await;
        send(&served, &hook).await;
        assert!(inbox.ids().is_empty(), "{url}");
        let consumer = served.app.stores.with(|store| Ok(store.consumers()?.remove(0))).unwrap();
        assert!(consumer.delivery.last_error.unwrap().contains("no public address"));
        served.app.stores.with(|store| store.remove_consumer("hub")).unwrap();
        let undo = json!({"what": {"undo": {"task": task_of(&served).await}}, "reason": ""});
        let li = served.person("li", Role::Analyst, None);
        let undone = served.call(&li, axum::http::Method::POST, "/v1/operations", Some(undo)).await;
        assert_eq!(undone.status, StatusCode::OK);
    }
}

/// The task that was confirmed last.
async fn task_of(served: &Served) -> serde_json::Value {
    let li = served.person("li", Role::Analyst, None);
    let sent = served.cases(&li, "/v1/queue?state=sent").await;
    let moved = sent.iter().find(|case| case["task"]["version"].as_u64() > Some(0)).unwrap();
    moved["task"]["id"].clone()
}
