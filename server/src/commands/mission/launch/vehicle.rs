//! `flyonce mission simulate-vehicle`: an aircraft that is none, on a UDP port.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use missions::link::lossy::Odds;
use missions::link::mavlink::simulator::Model;
use missions_link::Host;

use crate::cli::MissionVehicleArgs;
use crate::output::print;

/// Plays the vehicle until Ctrl-C, or until it has landed with `--once`; where it listens goes to standard output.
///
/// # Errors
/// When a number is out of range or the port cannot be opened.
pub fn run(args: &MissionVehicleArgs) -> anyhow::Result<ExitCode> {
    let ranges = [
        ("--pace", args.pace, 0.01..=1000.0),
        ("--loss", args.loss, 0.0..=0.95),
        ("--battery", args.battery, 0.0..=100.0),
    ];
    for (name, value, range) in ranges {
        if !range.contains(&value) {
            bail!("{name} is {value}, but must be {} to {}", range.start(), range.end());
        }
    }
    let model = Model {
        pace: args.pace,
        battery_percent: args.battery,
        most_items: args.most_items,
        ..Model::at(args.home)
    };
    let odds = Odds { drop: args.loss, ..Odds::default() };
    let mut host = Host::open(model, &args.listen, odds, args.seed)
        .with_context(|| format!("cannot listen at {}", args.listen))?;
    print(&format!("mavlink:udp://{}", host.address().context("cannot tell the port")?))
        .context("cannot write to standard output")?;
    let stop = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&stop);
    ctrlc::set_handler(move || switch.store(true, Ordering::Relaxed)).context("cannot watch for Ctrl-C")?;
    let began = Instant::now();
    let (mut flew, mut landed) = (false, None);
    while !stop.load(Ordering::Relaxed) {
        host.step(began.elapsed()).context("the port broke")?;
        flew |= host.vehicle().is_airborne();
        if flew && !host.vehicle().is_airborne() {
            // What it says of its landing is still heard.
            let at = *landed.get_or_insert_with(Instant::now);
            if args.once && at.elapsed().as_secs() >= 5 {
                break;
            }
        } else {
            landed = None;
        }
    }
    Ok(ExitCode::SUCCESS)
}
