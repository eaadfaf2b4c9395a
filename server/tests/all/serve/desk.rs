//! What an analyst does.

use axum::http::{Method, StatusCode};
use serde_json::json;
use server::serve::accounts::{Role, Scope};

use super::{served, step};

#[tokio::test]
async fn confirming_sends_the_task_to_its_department_and_undo_takes_it_back() {
    let served = served(4);
    let li = served.person("li", Role::Analyst, None);
    let waiting = served.cases(&li, "/v1/queue?state=waiting").await;
    assert_eq!(waiting.len(), 2);
    let done = served.call(&li, Method::POST, "/v1/operations", Some(step(&waiting[0], "confirm", ""))).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    let after = &done.json()["incidents"][0]["task"];
    assert_eq!((after["state"].as_str(), after["version"].as_u64()), (Some("dispatched"), Some(1)));
    assert_eq!(served.cases(&li, "/v1/queue?state=waiting").await.len(), 1);
    let undo = json!({"what": {"undo": {"task": waiting[0]["task"]["id"]}}, "reason": ""});
    let undone = served.call(&li, Method::POST, "/v1/operations", Some(undo)).await;
    assert_eq!(undone.status, StatusCode::OK);
    assert_eq!(undone.json()["incidents"][0]["task"]["state"], "proposed");
}

#[tokio::test]
async fn two_analysts_on_one_item_never_overwrite_each_other() {
    let served = served(2);
    let (li, wang) = (served.person("li", Role::Analyst, None), served.person("wang", Role::Analyst, None));
    let case = served.cases(&li, "/v1/queue?state=waiting").await.remove(0);
    let id = case["id"].clone();
    served.call(&wang, Method::PUT, "/v1/presence", Some(json!({"incident": id}))).await;
    let seen = served.call(&li, Method::PUT, "/v1/presence", Some(json!({"incident": id}))).await;
    assert_eq!(seen.json()["viewers"], json!(["wang"]));
    let first = served.call(&li, Method::POST, "/v1/operations", Some(step(&case, "confirm", ""))).await;
    assert_eq!(first.status, StatusCode::OK);
    let second =
        served.call(&wang, Method::POST, "/v1/operations", Some(step(&case, "reject", "a river"))).await;
    assert_eq!((second.status, second.media.as_str()), (StatusCode::CONFLICT, "application/problem+json"));
    assert_eq!(second.json()["actor"], "li");
    let now = served.get(&li, &format!("/v1/incidents/{}", id.as_str().unwrap())).await.json();
    assert_eq!(now["task"]["state"], "dispatched");
}

#[tokio::test]
async fn a_decision_that_is_sent_twice_is_done_once() {
    let served = served(1);
    let li = served.person("li", Role::Analyst, None);
    let case = served.cases(&li, "/v1/queue").await.remove(0);
    let body = step(&case, "confirm", "").to_string().into_bytes();
    let key = [("idempotency-key", "5b0c")];
    let send = |body: Vec<u8>| {
        served.send(&li, Method::POST, "/v1/operations", Some(body), "application/json", &key)
    };
    let (first, second) = (send(body.clone()).await, send(body).await);
    assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(first.json(), second.json());
    let other = send(step(&case, "reject", "no").to_string().into_bytes()).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn merging_two_incidents_leaves_one_in_the_queue_and_undo_brings_both_back() {
    let served = served(2);
    let li = served.person("li", Role::Analyst, None);
    let cases = served.cases(&li, "/v1/queue").await;
    let ids: Vec<_> = cases.iter().map(|case| case["id"].clone()).collect();
    let merge = json!({"what": {"act": {"kind": "merge", "incidents": ids}}, "reason": "one puddle"});
    assert_eq!(served.call(&li, Method::POST, "/v1/operations", Some(merge)).await.status, StatusCode::OK);
    assert_eq!(served.cases(&li, "/v1/queue").await.len(), 1);
    let undo = json!({"what": {"undo": {"incident": ids[0]}}, "reason": "two puddles"});
    assert_eq!(served.call(&li, Method::POST, "/v1/operations", Some(undo)).await.status, StatusCode::OK);
    assert_eq!(served.cases(&li, "/v1/queue").await.len(), 2);
}

#[tokio::test]
async fn a_bulk_decision_tells_of_each_what_became_of_it() {
    let served = served(6);
    let li = served.person("li", Role::Analyst, None);
    let mut cases = served.cases(&li, "/v1/queue?state=waiting").await;
    cases[1]["task"]["version"] = json!(7);
    let one = |case: &serde_json::Value| {
        let step = step(case, "reject", "");
        json!({"what": step["what"], "expected": step["expected"]})
    };
    let body = json!({"operations": cases.iter().map(one).collect::<Vec<_>>(), "reason": "rain on the lens"});
    let told = served.call(&li, Method::POST, "/v1/operations/bulk", Some(body)).await.json();
    assert_eq!(told["done"].as_array().unwrap().len(), 2);
    assert_eq!(told["refused"][0]["index"], 1);
}

#[tokio::test]
async fn pages_of_the_queue_hold_each_case_once() {
    let served = served(11);
    let li = served.person("li", Role::Analyst, None);
    let (mut seen, mut path) = (Vec::new(), "/v1/queue?limit=4".to_owned());
    loop {
        let page = served.get(&li, &path).await.json();
        assert_eq!(page["total"], 11);
        seen.extend(page["items"].as_array().unwrap().iter().map(|case| case["id"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/queue?limit=4&after={next}");
    }
    assert_eq!(seen.len(), 11);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 11);
}

#[tokio::test]
async fn a_case_that_did_not_change_is_not_sent_again() {
    let served = served(1);
    let li = served.person("li", Role::Analyst, None);
    let id = served.cases(&li, "/v1/queue").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/incidents/{id}");
    let first = served.get(&li, &path).await;
    assert_eq!(first.json()["observations"].as_array().unwrap().len(), 8);
    assert_eq!(first.json()["ellipse"]["type"], "Polygon");
    let etag = first.etag.unwrap();
    let again = served.send(&li, Method::GET, &path, None, "", &[("if-none-match", &etag)]).await;
    assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
}

#[tokio::test]
async fn the_overview_counts_what_the_lists_hold() {
    let served = served(6);
    let li = served.person("li", Role::Duty, None);
    let case = served.cases(&li, "/v1/queue?state=waiting").await.remove(0);
    served.call(&li, Method::POST, "/v1/operations", Some(step(&case, "reject", "a shadow"))).await;
    let overview = served.get(&li, "/v1/overview").await.json();
    for (total, state) in [("open", "open"), ("waiting", "waiting"), ("done", "done"), ("closed", "over")] {
        let listed = served.get(&li, &format!("/v1/queue?state={state}")).await.json()["total"].clone();
        assert_eq!(overview["totals"][total], listed, "{total}");
    }
    let overdue = served.get(&li, "/v1/queue?state=all&overdue=true").await.json()["total"].clone();
    assert_eq!(overview["totals"]["overdue"], overdue);
    let by_department = overview["departments"].as_array().unwrap().iter();
    assert_eq!(by_department.map(|d| d["open"].as_u64().unwrap()).sum::<u64>(), 5);
}

#[tokio::test]
async fn a_crew_takes_its_task_reports_with_a_picture_and_the_record_counts_it() {
    let served = served(2);
    let duty = served.person("duty", Role::Duty, None);
    let sent = served.cases(&duty, "/v1/tasks").await.remove(0);
    let lead = sent["task"]["lead"].as_str().unwrap().to_owned();
    let crew = served.person("crew", Role::Department, Some(&lead));
    for one in ["accept", "depart", "arrive"] {
        let case = served.cases(&crew, "/v1/tasks").await.remove(0);
        let done = served.call(&crew, Method::POST, "/v1/operations", Some(step(&case, one, ""))).await;
        assert_eq!(done.status, StatusCode::OK, "{one}: {}", done.json());
    }
    let mut jpeg = Vec::new();
    let picture = image::RgbImage::from_pixel(40, 30, image::Rgb([90, 90, 90]));
    picture.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    let path = format!("/v1/tasks/{}/report", sent["task"]["id"].as_str().unwrap());
    let form = |photo: &[u8]| {
        let head = "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\npumped dry\r\n--x\r\n\
                    Content-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\r\n";
        [head.as_bytes(), photo, b"\r\n--x--\r\n"].concat()
    };
    let media = "multipart/form-data; boundary=x";
    let bad = served.send(&crew, Method::POST, &path, Some(form(b"no picture")), media, &[]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = served.send(&crew, Method::POST, &path, Some(form(&jpeg)), media, &[]).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.json());
    let still = told.json()["incidents"][0]["stills"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(still["kind"], "on_site");
    let picture = served.get(&crew, still["url"].as_str().unwrap()).await;
    assert_eq!((picture.status, picture.media.as_str()), (StatusCode::OK, "image/jpeg"));
    let case = served.cases(&crew, "/v1/tasks").await.remove(0);
    assert_eq!(
        served.call(&crew, Method::POST, "/v1/operations", Some(step(&case, "finish", ""))).await.status,
        200
    );
    let rows = served.get(&duty, "/v1/record?from=2026-06-01&to=2026-06-30").await.json();
    let row = rows.as_array().unwrap().iter().find(|row| row["department"] == *lead).unwrap().clone();
    assert!(row["closed_share"].as_f64().unwrap() > 0.0);
    let csv = served.get(&duty, "/v1/record.csv?from=2026-06-01&to=2026-06-30").await;
    assert!(
        String::from_utf8(csv.bytes).unwrap().starts_with("department,zh,en,zone,class,tasks,closed_share")
    );
}

#[tokio::test]
async fn a_token_does_what_its_scopes_allow_and_no_more() {
    let served = served(1);
    let reader = served.machine("reader", &[Scope::Read], None);
    let case = served.cases(&reader, "/v1/queue").await.remove(0);
    let refused =
        served.call(&reader, Method::POST, "/v1/operations", Some(step(&case, "confirm", ""))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
