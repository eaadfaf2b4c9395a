//! Inference alone: CPU milliseconds of one run of a pack's model, one thread, with the memory and time of its session.
//! `inference PACK RUNS` prints JSON.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use cpu_time::ProcessTime;
use models::{Card, Pack, Runner};
use models_ort::{OrtRunner, Provider};
use ndarray::ArrayD;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "models/packs/waterlogging".to_owned());
    let runs: u32 = arguments.next().unwrap_or_else(|| "200".to_owned()).parse()?;
    models_ort::init(Path::new(".runtime/onnxruntime/libonnxruntime.so"))?;
    let card = Card::from_toml(&std::fs::read_to_string(Path::new(&folder).join("card.toml"))?)?;
    let model_bytes = std::fs::read(Path::new(&folder).join(&card.file))?;
    let shape: Vec<usize> = card.input.shape.iter().map(|side| usize::try_from(*side).unwrap_or(1)).collect();
    let (memory_before, load) = (resident_mb()?, Instant::now());
    let mut runner = OrtRunner::load(&Pack { card, model_bytes, golden: None }, Provider::Cpu)?;
    let load_s = load.elapsed().as_secs_f64();
    // Values as a picture gives them: all zeros would be a kinder input than any frame.
    let mut state = 1_u32;
    let input = ArrayD::<f32>::from_shape_simple_fn(shape, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    });
    for _ in 0..5 {
        runner.run(input.view())?;
    }
    let start = ProcessTime::now();
    for _ in 0..runs {
        runner.run(input.view())?;
    }
    let cpu_ms = start.elapsed().as_secs_f64() * 1_000.0 / f64::from(runs);
    let session_mb = resident_mb()? - memory_before;
    #[expect(clippy::print_stdout, reason = "the figure is the result")]
    {
        println!("{{\"cpu_ms\": {cpu_ms:.3}, \"session_mb\": {session_mb:.1}, \"load_s\": {load_s:.3}}}");
    }
    Ok(())
}

/// Resident memory of this process, megabytes (proc(5), `VmRSS`).
fn resident_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}
