//! `flyonce telemetry FILE`: any telemetry as JSON lines.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use pipeline::telemetry::{Kind, read_as, read_file_bytes};

use crate::cli::{TelemetryArgs, TelemetryFormat};

/// Prints one record a line on standard output; problems go to standard error.
///
/// # Errors
/// When the file cannot be read or holds no telemetry.
pub fn run(args: &TelemetryArgs) -> anyhow::Result<ExitCode> {
    let path = &args.file;
    let bytes = crate::wire::map(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.to_string_lossy();
    let reading = match kind(args.format) {
        None => read_file_bytes(&name, &bytes),
        Some(kind) => read_as(kind, &name, &bytes),
    }?;
    for (what, count) in &reading.skipped {
        tracing::info!("{name}: read past {what}: {count}");
    }
    for problem in &reading.problems {
        tracing::warn!("{name}: {problem}");
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for record in &reading.records {
        if let Err(error) = serde_json::to_writer(&mut out, record).map_err(std::io::Error::from) {
            return end_of_pipe(error);
        }
        if let Err(error) = out.write_all(b"\n") {
            return end_of_pipe(error);
        }
    }
    out.flush().map_or_else(end_of_pipe, |()| Ok(ExitCode::SUCCESS))
}

fn kind(format: TelemetryFormat) -> Option<Kind> {
    Some(match format {
        TelemetryFormat::Auto => return None,
        TelemetryFormat::Klv => Kind::Klv,
        TelemetryFormat::Ts => Kind::MpegTs,
        TelemetryFormat::Mp4 => Kind::Mp4,
        TelemetryFormat::Still => Kind::Still,
        TelemetryFormat::Srt => Kind::Srt,
        TelemetryFormat::Mavlink => Kind::Mavlink,
        TelemetryFormat::Ulog => Kind::Ulog,
        TelemetryFormat::DjiOsd => Kind::DjiOsd,
    })
}

/// A reader that has seen enough (`| head`) is no failure.
fn end_of_pipe(error: std::io::Error) -> anyhow::Result<ExitCode> {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Ok(ExitCode::SUCCESS);
    }
    Err(error).context("cannot write to standard output")
}
