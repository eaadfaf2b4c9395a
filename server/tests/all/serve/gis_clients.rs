//! What a GIS reads over OGC API - Features.

use axum::http::StatusCode;
use server::serve::accounts::Scope;

use super::served;

#[tokio::test]
async fn collections_are_read_page_by_page_within_a_box_and_a_time() {
    let served = served(9);
    let gis = served.machine("gis", &[Scope::Read], None);
    let mut path = "/ogc/collections/incidents/items?limit=4".to_owned();
    let mut ids = Vec::new();
    loop {
        let page = served.get(&gis, &path).await;
        assert_eq!(page.media, "application/geo+json");
        let page = page.json();
        assert_eq!(
            (page["type"].as_str(), page["numberMatched"].as_u64()),
            (Some("FeatureCollection"), Some(9))
        );
        ids.extend(page["features"].as_array().unwrap().iter().map(|feature| feature["id"].to_string()));
        let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").cloned();
        let Some(next) = next else { break };
        path = next["href"].as_str().unwrap().to_owned();
    }
    ids.dedup();
    assert_eq!(ids.len(), 9);
    let count = |query: &'static str| {
        let (served, gis) = (&served, &gis);
        async move {
            let path = format!("/ogc/collections/incidents/items?{query}");
            served.get(gis, &path).await.json()["numberMatched"].as_u64().unwrap()
        }
    };
    assert_eq!(count("bbox=118.868,28.968,118.8687,28.9684").await, 1);
    assert_eq!(count("bbox=0,0,1,1").await, 0);
    assert_eq!(count("datetime=2026-06-20T00:00:00Z/..").await, 9);
    assert_eq!(count("datetime=../2020-01-01T00:00:00Z").await, 0);
    let bad = served.get(&gis, "/ogc/collections/incidents/items?bbox=1,2,3").await;
    assert_eq!((bad.status, bad.media.as_str()), (StatusCode::BAD_REQUEST, "application/problem+json"));
}

#[tokio::test]
async fn every_link_of_the_landing_page_leads_somewhere() {
    let served = served(1);
    let gis = served.machine("gis", &[Scope::Read], None);
    for link in served.get(&gis, "/ogc").await.json()["links"].as_array().unwrap() {
        let path = link["href"].as_str().unwrap();
        assert_eq!(served.get(&gis, path).await.status, StatusCode::OK, "{path}");
    }
    let zones = served.get(&gis, "/ogc/collections/zones/items?limit=100").await.json();
    assert!(
        zones["features"].as_array().unwrap().iter().all(|zone| zone["geometry"]["type"] == "MultiPolygon")
    );
}
