//! Every path of the description against every kind of caller.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::serve::accounts::{Role, Scope};
use server::serve::api;

use super::{Badge, Served, served, step, still};

/// Paths that anybody may call.
const PUBLIC: [&str; 17] = [
    "/v1/asyncapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/sign-in",
    "/v1/sign-in",
    "/v1/sign-in/oidc",
    "/v1/sign-in/oidc/return",
    "/ogc",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/{id}",
    "/open311/v2/discovery.json",
    "/open311/v2/discovery.xml",
    "/open311/v2/services.json",
    "/open311/v2/services.xml",
    "/open311/v2/services/{id}",
];

/// All paths and methods of the description, with parameters filled in.
fn calls(incident: &str) -> Vec<(String, Method, String)> {
    let description = serde_json::to_value(api::openapi()).unwrap();
    let mut calls = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let id = if path.contains("/ogc/") { "incidents" } else { incident };
            let mut filled =
                path.replace("{id}", id).replace("{feature}", incident).replace("{file}", "still.jpg");
            if path.starts_with("/v1/record") {
                filled.push_str("?from=2026-06-01&to=2026-06-30");
            }
            calls.push((path.clone(), method, filled));
        }
    }
    calls
}

async fn try_all(served: &Served, badge: &Badge, incident: &str) -> Vec<(String, Method, StatusCode)> {
    let mut all = Vec::new();
    for (path, method, filled) in calls(incident) {
        // Streams do not end by themselves; who signs out may do nothing after it.
        if ["/v1/feed/stream", "/v1/sources/{id}/live.mjpeg", "/v1/sign-out"].contains(&path.as_str()) {
            continue;
        }
        let body = (method == Method::POST || method == Method::PUT).then(|| json!({}));
        let answer = served.call(badge, method.clone(), &filled, body).await;
        all.push((path, method, answer.status));
    }
    all
}

#[tokio::test]
async fn who_did_not_sign_in_gets_nothing_but_health_and_descriptions() {
    let served = served(1);
    for badge in [Badge::default(), Badge { token: Some("fo_00".to_owned()), ..Badge::default() }] {
        for (path, method, status) in try_all(&served, &badge, "00000000-0000-0000-0000-000000000000").await {
            if !PUBLIC.contains(&path.as_str()) {
                // GeoReport v2 has no other answer for who is not known.
                let open311 = path.starts_with("/open311/");
                let wanted = if open311 { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
                assert_eq!(status, wanted, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn no_call_of_any_role_ends_in_a_fault_of_the_server() {
    let served = served(3);
    let roles = [Role::Admin, Role::Duty, Role::Analyst, Role::Operator];
    let mut badges: Vec<Badge> =
        roles.iter().map(|role| served.person(&format!("{role:?}"), *role, None)).collect();
    badges.push(served.person("crew", Role::Department, Some("municipal_drainage")));
    let incident = served.cases(&badges[0], "/v1/queue").await[0]["id"].as_str().unwrap().to_owned();
    for badge in &badges {
        for (path, method, status) in try_all(&served, badge, &incident).await {
            assert!(!status.is_server_error(), "{method} {path}: {status}");
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_change_without_the_word_of_the_session_is_refused() {
    let served = served(1);
    let li = served.person("li", Role::Admin, None);
    let forged = Badge { csrf: None, ..li.clone() };
    for (path, method, status) in try_all(&served, &forged, "00000000-0000-0000-0000-000000000000").await {
        if method != Method::GET && !PUBLIC.contains(&path.as_str()) {
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_department_sees_and_moves_its_own_tasks_only() {
    let served = served(4);
    let duty = served.person("duty", Role::Duty, None);
    let sent = served.cases(&duty, "/v1/tasks").await.remove(0);
    let lead = sent["task"]["lead"].as_str().unwrap().to_owned();
    let own = served.person("own", Role::Department, Some(&lead));
    let other = served.person("other", Role::Department, Some("culture_market"));
    assert!(!served.cases(&own, "/v1/queue").await.is_empty());
    assert!(served.cases(&other, "/v1/queue?state=all").await.is_empty());
    let id = sent["id"].as_str().unwrap();
    let paths = [
        format!("/v1/incidents/{id}"),
        "/v1/evidence/still.jpg".to_owned(),
        format!("/ogc/collections/incidents/items/{id}"),
    ];
    for path in &paths {
        assert_eq!(served.get(&other, path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(served.get(&own, path).await.status, StatusCode::OK, "{path}");
    }
    let taken = served.call(&other, Method::POST, "/v1/operations", Some(step(&sent, "accept", ""))).await;
    assert_eq!(taken.status, StatusCode::NOT_FOUND);
    let rejected = served.call(&own, Method::POST, "/v1/operations", Some(step(&sent, "reject", "no"))).await;
    assert_eq!(rejected.status, StatusCode::FORBIDDEN);
    let map: Value = served.get(&other, "/v1/map?state=all").await.json();
    assert!(map["features"].as_array().unwrap().is_empty());
    assert_eq!(served.get(&own, "/v1/sources/flight/still.jpg").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn evidence_is_found_by_the_names_that_tasks_hold_and_by_no_path() {
    let served = served(1);
    let li = served.person("li", Role::Admin, None);
    assert_eq!(served.get(&li, "/v1/evidence/still.jpg").await.bytes, still());
    for path in ["/v1/evidence/..%2Fsecret.jpg", "/v1/evidence/%2Fetc%2Fpasswd", "/v1/evidence/other.jpg"] {
        assert_eq!(served.get(&li, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(served.folder.path().join("secret.jpg").exists());
}

#[tokio::test]
async fn files_and_unknown_schemes_are_no_sources_that_a_page_may_add() {
    let served = served(1);
    let operator = served.machine("operator", &[Scope::Sources], None);
    for uri in ["/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/"] {
        let body = json!({"id": "x", "uri": uri});
        let answer = served.call(&operator, Method::POST, "/v1/sources", Some(body)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{uri}");
    }
}
