//! A plan flown by a dock, from the command line: states come out in words, orders go in as lines.

use std::io::BufRead;
use std::process::{Child, ExitCode};

use anyhow::{Context, bail};
use crossbeam::channel::{Sender, bounded};
use missions::check::{Against, check};
use missions::formats::{self, Format};
use missions::link::dock::session::Organization;
use missions::link::dock::{Dock, Session};
use missions::link::{Answer, Command, Entry, Order, State, What};
use missions_link::dock::{Broker, FileServer, Step, run_session};
use uuid::Uuid;

use super::dock::access;
use super::input;
use crate::cli::{LaunchLookArgs, MissionLaunchDockArgs};
use crate::serve::missions::flight_of;
use crate::{clock, output};

/// Orders that wait at most.
const ORDERS: usize = 16;

/// Launches, follows and steers a flight. Standard input takes `launch`, `pause`, `resume`, `return_home` and `abort`, one a line.
///
/// # Errors
/// When the plan cannot be flown, or broker or analysis cannot be used.
pub fn run(args: &MissionLaunchDockArgs) -> anyhow::Result<ExitCode> {
    let address = &args.vehicle;
    let imported = input::plan(&args.plan)?;
    let aircraft = input::aircraft_of(args.profile.as_deref(), &imported)?;
    let problems = check(&imported, &Against::aircraft(&aircraft));
    for problem in &problems {
        tracing::warn!("{}: {}", problem.en, problem.mend_en);
    }
    if !problems.is_empty() && !args.accept_warnings {
        bail!("the plan's check found {} problems: mend them, or give --accept-warnings", problems.len());
    }
    let kmz = formats::write(&imported.plan, Format::Kmz, &aircraft, clock::now().as_millisecond())?;
    let towards = (address.host.as_str(), address.port);
    let files =
        FileServer::start(kmz, args.dock.resource_listen, args.dock.resource_url.as_deref(), towards)?;
    let mut flight = flight_of(&imported.plan, Uuid::now_v7(), &files);
    if args.simulate {
        flight.simulate = imported.plan.home.or_else(|| imported.plan.waypoints.first().map(|w| w.at));
    }
    let mut dock = Dock::of(address.serial.clone());
    dock.organization = Organization {
        id: args.dock.organization.clone(),
        name: args.dock.organization.clone(),
        binding_code: args.dock.binding_code.clone().unwrap_or_default(),
    };
    let mut broker = Broker::connect(address, &access(&args.broker)?, "flyonce")?;
    let mut session = Session::new(dock, flight, clock::now());
    let analysis = follow(args, &mut broker, &mut session)?;
    if let Some(mut analysis) = analysis {
        let done = analysis.wait().context("cannot wait for the analysis")?;
        if !done.success() {
            bail!("the analysis of the video ended with {done}");
        }
    }
    let flown = matches!(session.state(), State::Landed { left_at: None });
    Ok(if flown { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Follows a flight to its end; returns the analysis that it started.
fn follow(
    args: &MissionLaunchDockArgs,
    broker: &mut Broker,
    session: &mut Session,
) -> anyhow::Result<Option<Child>> {
    let (send, orders) = bounded(ORDERS);
    listen(args, send.clone())?;
    let mut confirm = args.confirm.then(|| order(args, Command::Launch));
    let (mut analysis, mut failed) = (None, None);
    let ended = run_session(broker, session, &orders, &mut |session, news| {
        if *session.state() == State::Ready
            && let Some(order) = confirm.take()
        {
            // There is room: nothing was ordered before.
            drop(send.try_send(order));
        }
        let told = news.iter().try_for_each(|entry| tell(entry, args.json));
        let started = begin(&args.look, session.state(), &mut analysis);
        failed = told.and(started).err();
        if failed.is_some() { Step::End } else { Step::On }
    });
    ended?;
    for entry in session.drain() {
        tell(&entry, args.json)?;
    }
    failed.map_or(Ok(analysis), Err)
}

fn order(args: &MissionLaunchDockArgs, command: Command) -> Order {
    Order { command, actor: args.actor.clone(), reason: args.reason.clone() }
}

/// Reads orders, one a line.
fn listen(args: &MissionLaunchDockArgs, send: Sender<Order>) -> anyhow::Result<()> {
    let args = args.clone();
    let read = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match Command::of_name(line.trim()) {
                Some(command) => drop(send.send(order(&args, command))),
                None if line.trim().is_empty() => {}
                None => {
                    tracing::warn!("{line:?} is no order: give launch, pause, resume, return_home or abort");
                }
            }
        }
    };
    std::thread::Builder::new().name("orders".into()).spawn(read).context("cannot read orders")?;
    Ok(())
}

/// The video is looked at from when the aircraft is in the air.
fn begin(look: &LaunchLookArgs, state: &State, analysis: &mut Option<Child>) -> anyhow::Result<()> {
    let (Some(video), State::Flying { .. }, None) = (&look.analyze, state, &analysis) else { return Ok(()) };
    let own = std::env::current_exe().context("cannot find this program")?;
    let mut command = std::process::Command::new(own);
    command.arg("analyze").arg(video);
    if let Some(config) = &look.config {
        command.arg("--config").arg(config);
    }
    if let Some(out) = &look.out {
        command.arg("--out").arg(out);
    }
    tracing::info!("the video {video} is looked at");
    *analysis = Some(command.spawn().context("cannot start the analysis of the video")?);
    Ok(())
}

fn tell(entry: &Entry, json: bool) -> anyhow::Result<()> {
    let text = if json { serde_json::to_string(entry)? } else { words(entry) };
    output::print(&text).context("cannot write to standard output")
}

fn words(entry: &Entry) -> String {
    let at = entry.at.strftime("%H:%M:%SZ");
    match &entry.what {
        What::Changed { words, next, .. } => format!("{at} {words}\n          -> {next}"),
        What::Noted { words } => format!("{at} {words}"),
        What::Ordered { order, answer } => {
            let answer = match answer {
                Answer::Sent => "sent 已发送".to_owned(),
                Answer::Accepted => "taken 已接受".to_owned(),
                Answer::Silent => "no answer 没有回应".to_owned(),
                Answer::Refused { fault } => format!("refused 被拒绝: {}; {}", fault.what, fault.mend),
            };
            format!("{at} {} ({}): {answer}", order.command.words(), order.actor)
        }
    }
}
