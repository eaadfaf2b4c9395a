//! A plan flown by a dock, from the command line: states come out in words, orders go in as lines.

use std::io::BufRead;
use std::process::{Child, ExitCode};

use anyhow::{Context, bail};
use crossbeam::channel::{Sender, bounded};
use missions::check::check;
use missions::formats::{self, Format};
use missions::link::dock::session::Organization;
use missions::link::dock::{Dock, Session};
use missions::link::{Answer, Command, Entry, Order, State, What};
use missions_link::dock::{Address, Broker, FileServer, Step, run_session};
use uuid::Uuid;

use super::dock::access;
use super::input::{self, Conditions};
use crate::cli::{LaunchLookArgs, MissionLaunchArgs};
use crate::serve::missions::flight_of;
use crate::{clock, output};

/// Orders that wait at most.
const ORDERS: usize = 16;

/// Launches, follows and steers a flight. Standard input takes `launch`, `pause`, `resume`, `return_home` and `abort`, one a line.
///
/// # Errors
/// When the plan cannot be flown, or broker or analysis cannot be used.
pub fn run(args: &MissionLaunchArgs, address: &Address) -> anyhow::Result<ExitCode> {
    let (Some(plan), false) = (&args.plan, args.resume) else {
        bail!("a dock goes on from a break point by the page only: give the plan of a new flight");
    };
    let imported = input::plan(plan)?;
    let aircraft = input::aircraft_of(args.aircraft.as_deref(), &imported)?;
    let at_dock = &args.at_dock;
    let conditions = Conditions::read(&args.against)?;
    let problems = check(&imported, &conditions.against(&aircraft, Some(clock::now())));
    for problem in &problems {
        tracing::warn!("{}: {}", problem.en, problem.mend_en);
    }
    if !problems.is_empty() && !at_dock.accept_warnings {
        bail!("the plan's check found {} problems: mend them, or give --accept-warnings", problems.len());
    }
    let kmz = formats::write(&imported.plan, Format::Kmz, &aircraft, clock::now().as_millisecond())?;
    let towards = (address.host.as_str(), address.port);
    let files =
        FileServer::start(kmz, at_dock.dock.resource_listen, at_dock.dock.resource_url.as_deref(), towards)?;
    let mut flight = flight_of(&imported.plan, Uuid::now_v7(), &files);
    if at_dock.simulate {
        flight.simulate = imported.plan.home.or_else(|| imported.plan.waypoints.first().map(|w| w.at));
    }
    let mut dock = Dock::of(address.serial.clone());
    dock.organization = Organization {
        id: at_dock.dock.organization.clone(),
        name: at_dock.dock.organization.clone(),
        binding_code: at_dock.dock.binding_code.clone().unwrap_or_default(),
    };
    let mut broker = Broker::connect(address, &access(&at_dock.broker)?, "flyonce")?;
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
    args: &MissionLaunchArgs,
    broker: &mut Broker,
    session: &mut Session,
) -> anyhow::Result<Option<Child>> {
    let (send, orders) = bounded(ORDERS);
    listen(args, send.clone())?;
    let mut confirm = args.yes.then(|| order(args, Command::Launch));
    let (mut analysis, mut failed) = (None, None);
    let ended = run_session(broker, session, &orders, &mut |session, news| {
        if *session.state() == State::Ready
            && let Some(order) = confirm.take()
        {
            // There is room: nothing was ordered before.
            drop(send.try_send(order));
        }
        let told = news.iter().try_for_each(|entry| tell(entry, args.at_dock.json));
        let started = begin(&args.at_dock.look, session.state(), &mut analysis);
        failed = told.and(started).err();
        if failed.is_some() { Step::End } else { Step::On }
    });
    ended?;
    for entry in session.drain() {
        tell(&entry, args.at_dock.json)?;
    }
    failed.map_or(Ok(analysis), Err)
}

fn order(args: &MissionLaunchArgs, command: Command) -> Order {
    Order { command, actor: args.actor.clone(), reason: args.reason.clone() }
}

/// Reads orders, one a line.
fn listen(args: &MissionLaunchArgs, send: Sender<Order>) -> anyhow::Result<()> {
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
    if let Some(out) = &look.analysis {
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
