//! On a view that stands still, what does not move is believed less; what billows is not.
//!
//! The proof is weak: the sequences are made of labelled stills, with a hovering camera's drift, noise and breathing light over
//! all of it, and, where the plume lives, a billowing warp inside its mask.

use std::path::{Path, PathBuf};
use std::time::Duration;

use models::{RgbImage, SizePx};
use pipeline::motion::{Glance, Motion};
use pipeline::{Outline, Seen};

const FRAMES: u32 = 14;

/// A still, the mask of its plume, and noise that never repeats.
struct Scene {
    rgb: image::RgbImage,
    plume: image::GrayImage,
    state: u32,
}

impl Scene {
    fn read(picture: &Path, mask: &Path) -> Self {
        let width = 640;
        let rgb = image::open(picture).unwrap().to_rgb8();
        let height = (rgb.height() * width / rgb.width()).clamp(90, 640);
        let how = image::imageops::FilterType::Triangle;
        let rgb = image::imageops::resize(&rgb, width, height, how);
        let plume = image::imageops::resize(&image::open(mask).unwrap().to_luma8(), width, height, how);
        Self { rgb, plume, state: 7 }
    }

    fn noise(&mut self) -> f32 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((self.state >> 16) % 9) as f32 - 4.0
    }

    fn is_plume(&self, x: u32, y: u32) -> bool {
        let [level] = self.plume.get_pixel(x, y).0;
        level != 0 && level != 255
    }

    /// Left, top, right and bottom around the plume, or `None` without one of some size.
    fn bounds(&self) -> Option<[u32; 4]> {
        let inside = self.plume.enumerate_pixels().filter(|(x, y, _)| self.is_plume(*x, *y));
        let [x0, y0, x1, y1] = inside.fold([u32::MAX, u32::MAX, 0, 0], |[x0, y0, x1, y1], (x, y, _)| {
            [x0.min(x), y0.min(y), x1.max(x), y1.max(y)]
        });
        let fits =
            x1 > x0 + 40 && y1 > y0 + 40 && (x1 - x0) * (y1 - y0) < self.rgb.width() * self.rgb.height() / 3;
        fits.then_some([x0, y0, x1, y1])
    }

    fn frame(&mut self, at_secs: f32, drift: f32, billows: bool) -> RgbImage {
        let (width, height) = self.rgb.dimensions();
        let light = 1.0 + 0.015 * (at_secs * 2.0).sin();
        let mut data = Vec::with_capacity((width * height * 3) as usize);
        for y in 0..height {
            for x in 0..width {
                let (mut u, mut v) =
                    (x as f32 + drift * (at_secs * 1.3).sin(), y as f32 + drift * (at_secs * 0.9).cos());
                if billows && self.is_plume(x, y) {
                    u += 6.0 * (v / 14.0 + at_secs * 3.0 + u / 23.0).sin();
                    v += 6.0 * (u / 17.0 - at_secs * 2.0).sin() + 4.0 * at_secs;
                }
                let at = |value: f32, most: u32| value.round().clamp(0.0, (most - 1) as f32) as u32;
                let pixel = *self.rgb.get_pixel(at(u, width), at(v, height));
                let noise = self.noise();
                data.extend(pixel.0.map(|level| (f32::from(level) * light + noise).clamp(0.0, 255.0) as u8));
            }
        }
        RgbImage::new(width, height, data).unwrap()
    }

    /// The score of a plume seen with 0.6, after three seconds of watching.
    fn judged(&mut self, bounds: [u32; 4], drift: f32, billows: bool) -> f64 {
        let [left, top, right, bottom] = bounds.map(f64::from);
        let ring_px = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
        let outline =
            Outline { ring_px: ring_px.clone(), area_px: 1.0, mean_probability: 0.6, truncated: false };
        let model = gis::ModelRef { pack: "p".into(), version: "1".into(), sha256: String::new() };
        let size = SizePx::new(self.rgb.width(), self.rgb.height());
        let mut motion = Motion::default();
        let mut score = 0.6;
        for index in 0..FRAMES {
            let elapsed = Duration::from_millis(u64::from(index) * 250);
            let glance = Glance::of(&self.frame(elapsed.as_secs_f32(), drift, billows));
            let (outline, foot_px, model) = (outline.clone(), Some(ring_px.clone()), model.clone());
            let mut seen =
                [Seen { class: "fume".into(), score: 0.6, least_score: 0.5, outline, foot_px, model }];
            motion.judge(elapsed, glance, size, &mut seen);
            score = seen[0].score;
        }
        score
    }
}

#[test]
fn a_feed_that_has_just_begun_is_believed_less_and_one_whose_view_moves_on_is_not() {
    let size = SizePx::new(160, 96);
    let picture = |level: u8| RgbImage::new(160, 96, vec![level; 160 * 96 * 3]).unwrap();
    let mut motion = Motion::default();
    let mut scores = Vec::new();
    for index in 0..8_u8 {
        let ring_px = vec![(10.0, 10.0), (40.0, 10.0), (40.0, 40.0), (10.0, 40.0)];
        let outline =
            Outline { ring_px: ring_px.clone(), area_px: 900.0, mean_probability: 0.6, truncated: false };
        let model = gis::ModelRef { pack: "p".into(), version: "1".into(), sha256: String::new() };
        let mut seen = [Seen {
            class: "fume".into(),
            score: 0.6,
            least_score: 0.5,
            outline,
            foot_px: Some(ring_px),
            model,
        }];
        // Every frame shows something else, so that no two can be compared.
        let glance = Glance::of(&picture(index * 30));
        motion.judge(Duration::from_millis(u64::from(index) * 300), glance, size, &mut seen);
        scores.push(seen[0].score);
    }
    assert!(scores[..5].iter().all(|score| *score < 0.2), "{scores:?}");
    assert!(scores[5..].iter().all(|score| (score - 0.6).abs() < 1e-9), "{scores:?}");
}

fn datasets() -> PathBuf {
    std::env::var_os("FLYONCE_DATASETS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/datasets"), PathBuf::from)
}

/// Scenes whose plumes are outlined; the threshold was chosen on others of the same source.
fn scenes(most: usize) -> Vec<(Scene, [u32; 4])> {
    let base = datasets().join("fume/train");
    let Ok(folder) = std::fs::read_dir(base.join("masks")) else { return Vec::new() };
    let mut names: Vec<String> =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("s5k_"));
    names.sort();
    let read = |name: &String| {
        let picture = base.join("images").join(name.replace(".png", ".jpg"));
        let scene = Scene::read(&picture, &base.join("masks").join(name));
        scene.bounds().map(|bounds| (scene, bounds))
    };
    names.iter().skip(1).step_by(3).filter_map(read).take(most).collect()
}

fn share_lowered(scenes: &mut [(Scene, [u32; 4])], drift: f32, billows: bool) -> f64 {
    let lowered = |(scene, bounds): &mut (Scene, [u32; 4])| scene.judged(*bounds, drift, billows) < 0.6;
    scenes.iter_mut().map(lowered).filter(|lowered| *lowered).count() as f64 / scenes.len() as f64
}

#[test]
fn a_frozen_plume_is_believed_less_and_a_billowing_one_is_not() {
    let mut scenes = scenes(20);
    if scenes.is_empty() {
        println!("not measured: the data sets are not here");
        return;
    }
    let (frozen, billowing) = (share_lowered(&mut scenes, 1.5, false), share_lowered(&mut scenes, 1.5, true));
    println!("{} scenes: frozen {frozen:.2} lowered, billowing {billowing:.2} lowered", scenes.len());
    assert!(frozen >= 0.8, "{frozen}");
    assert!(billowing <= 0.1, "{billowing}");
}

#[test]
fn a_camera_that_moves_on_gets_no_opinion() {
    for (mut scene, bounds) in scenes(3) {
        assert!((scene.judged(bounds, 60.0, false) - 0.6).abs() < 1e-9);
    }
}
