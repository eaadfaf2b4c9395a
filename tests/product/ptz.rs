//! The street camera with a head that pans: placed while it stands, told why not while it turns.

use std::fmt::Write;

use serde_json::Value;

use crate::command::{analyze, root};

#[test]
fn what_a_camera_sees_while_it_pans_is_not_located_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (root, path) = (root(), |name: &str| folder.path().join(name));
    let camera = std::fs::read_to_string(root.join("sample-data/street/camera.toml")).unwrap();
    std::fs::write(path("camera.toml"), format!("{camera}\n[ptz]\n")).unwrap();
    // It stands as calibrated, says at 40 s that it moves, and stands 5 degrees further from then on.
    let mut positions = "elapsed_secs,pan_deg,tilt_deg,moving\n".to_owned();
    for secs in 0..=60 {
        let (pan_deg, moving) = (if secs < 40 { 0 } else { 5 }, matches!(secs, 40 | 41));
        writeln!(positions, "{secs},{pan_deg},0,{moving}").unwrap();
    }
    std::fs::write(path("positions.csv"), positions).unwrap();
    let root = root.display();
    let config = format!(
        "[analysis]\nfps = 0.2\n[[packs]]\npath = '{root}/models/packs/waterlogging'\n[terrain]\n\
         files = [{{ path = '{root}/sample-data/terrain/terrain.tif', heights = 'ellipsoidal' }}]\n[[sources]]\n\
         id = 'street'\nuri = '{root}/sample-data/street/street.mp4'\ncamera = 'camera.toml'\n\
         start_time = '2026-06-20T07:30:00Z'\n[sources.ptz]\npositions = 'positions.csv'\n"
    );
    std::fs::write(path("city.toml"), config).unwrap();
    let run = analyze(&["--config", &path("city.toml").to_string_lossy()]);
    assert!(run.output.status.success(), "{}", run.errors());
    let source: &Value = &run.summary()["sources"][0];
    let (located, unlocated) = (source["located"].as_u64().unwrap(), source["unlocated"].as_u64().unwrap());
    assert!(located >= 4, "{source:#}");
    assert_eq!(unlocated, 1, "{source:#}");
}
