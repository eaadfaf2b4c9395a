//! The log, on standard error: lines for people, or one JSON object a line for what collects logs.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

use crate::cli::LogFormat;

/// Starts the log: warnings and worse, information with `-v`, every detail with `-vv`.
pub fn start(verbose: u8, format: LogFormat) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level);
    match format {
        LogFormat::Text => {
            let ansi = std::io::stderr().is_terminal();
            subscriber.with_ansi(ansi).with_target(false).without_time().init();
        }
        LogFormat::Json => subscriber.json().flatten_event(true).with_current_span(false).init(),
    }
}
