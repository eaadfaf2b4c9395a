//! What a dispatch system follows.

use axum::http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use server::serve::accounts::{Role, Scope};

use super::{served, step};

#[tokio::test]
async fn the_feed_can_be_read_from_any_cursor_and_nothing_is_lost_or_doubled() {
    let served = served(5);
    let hub = served.machine("hub", &[Scope::Read], None);
    let all = served.get(&hub, "/v1/feed?limit=1000").await.json();
    let ids = |value: &Value| -> Vec<u64> {
        let events = value["events"].as_array().unwrap().iter();
        events.map(|event| event["id"].as_str().unwrap().parse().unwrap()).collect()
    };
    let whole = ids(&all);
    assert!(whole.len() >= 11 && whole.windows(2).all(|pair| pair[0] < pair[1]));
    for cursor in 0..=*whole.last().unwrap() {
        let (mut read, mut after) = (Vec::new(), cursor);
        loop {
            let page = served.get(&hub, &format!("/v1/feed?after={after}&limit=3")).await.json();
            let some = ids(&page);
            if some.is_empty() {
                break;
            }
            read.extend(some);
            after = page["next"].as_u64().unwrap();
        }
        assert_eq!(read, whole.iter().copied().filter(|id| *id > cursor).collect::<Vec<_>>());
    }
    for event in all["events"].as_array().unwrap() {
        assert_eq!(event["specversion"], "1.0");
        for name in ["id", "source", "type", "time", "subject"] {
            assert!(event[name].is_string(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_long_poll_returns_when_something_happens() {
    let served = served(1);
    let li = served.person("li", Role::Analyst, None);
    let case = served.cases(&li, "/v1/queue").await.remove(0);
    let next = served.get(&li, "/v1/feed?limit=1000").await.json()["next"].as_u64().unwrap();
    let path = format!("/v1/feed?after={next}&wait=60");
    let (polled, done) = tokio::join!(
        served.get(&li, &path),
        served.call(&li, Method::POST, "/v1/operations", Some(step(&case, "confirm", "")))
    );
    assert_eq!(done.status, StatusCode::OK);
    let events = polled.json();
    assert_eq!(events["events"][0]["type"], "cn.flyonce.operation.done");
    assert_eq!(events["events"][0]["data"]["operation"]["actor"], "li");
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_that_was_read() {
    let served = served(3);
    let hub = served.machine("hub", &[Scope::Read], None);
    let request = axum::http::Request::builder()
        .uri("/v1/feed/stream")
        .header("authorization", format!("Bearer {}", hub.token.clone().unwrap()))
        .header("last-event-id", "2")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(served.router.clone(), request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut text = String::new();
    while text.matches("\n\n").count() < 3 {
        let frame = body.frame().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
    }
    let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("id: ")).take(3).collect();
    assert_eq!(ids, ["3", "4", "5"]);
}

#[tokio::test]
async fn a_department_reads_only_events_of_its_own_tasks() {
    let served = served(4);
    let duty = served.person("duty", Role::Duty, None);
    let lead = served.cases(&duty, "/v1/queue").await[0]["task"]["lead"].as_str().unwrap().to_owned();
    let own = served.machine("own", &[Scope::Read], Some(&lead));
    let others = served.machine("others", &[Scope::Read], Some("culture_market"));
    assert!(!served.get(&own, "/v1/feed").await.json()["events"].as_array().unwrap().is_empty());
    let nothing = served.get(&others, "/v1/feed").await.json();
    assert!(nothing["events"].as_array().unwrap().is_empty());
    assert!(nothing["next"].as_u64().unwrap() > 0, "the cursor moves past what is not told");
}
