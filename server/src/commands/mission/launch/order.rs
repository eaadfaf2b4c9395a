//! Orders to a flight from another process; a flight that nobody watches any more is taken over.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use missions::Plan;
use missions::check::check;
use missions::link::mavlink::{Flight, STATION, Settings};
use missions::link::{Answer, Command, Order, Words};
use missions_link::{Address, Wire};
use uuid::Uuid;

use super::drive::{Beginning, Drive, say};
use super::input::{self, Conditions};
use super::record::{Record, Waiting, about, orders};
use crate::cli::{MissionOrderArgs, OrderArg};
use crate::clock;
use crate::output::{print, write_whole};

/// How long an answer may take: all retries of a command, and a list that is sent first.
const ANSWER: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(100);

/// Reads a plan to change to; what is wrong with it does not get on board.
fn checked(args: &MissionOrderArgs, path: &Path, aircraft: &str) -> anyhow::Result<Plan> {
    let imported = input::plan(path)?;
    let aircraft = input::aircraft_of(input::known_aircraft(aircraft).map(|_| aircraft), &imported)?;
    let conditions = Conditions::read(&args.against)?;
    let problems = check(&imported, &conditions.against(&aircraft, Some(clock::now())));
    let Some(first) = problems.first() else { return Ok(imported.plan) };
    let (what, mend) = (Words::new(&first.zh, &first.en), Words::new(&first.mend_zh, &first.mend_en));
    bail!("the plan's check found {} problems, the first: {what}\n  -> {mend}", problems.len())
}

/// Hands an order to the process that flies, or takes the flight over where there is none.
///
/// # Errors
/// When there is no such flight or nobody answers.
pub fn run(args: &MissionOrderArgs) -> anyhow::Result<ExitCode> {
    let folder = args.out.join(&args.flight);
    let flight = about(&folder)?;
    let command = match args.order {
        OrderArg::Pause => Command::Pause,
        OrderArg::Resume => Command::Resume,
        OrderArg::Change => Command::Change,
        OrderArg::ReturnHome => Command::ReturnHome,
        OrderArg::Abort => Command::Abort,
    };
    let order = Order { command, actor: args.actor.clone(), reason: args.reason.clone() };
    let plan = args.plan.as_deref().map(|path| checked(args, path, &flight.aircraft)).transpose()?;
    let address: Address = flight.vehicle.parse().context("the flight's vehicle cannot be used")?;
    if let Ok(_lease) = super::lease(&address, &args.actor)? {
        say("nobody watches this flight; it is taken over 无人监视该航次,现由本机接管");
        let wire = Wire::open(&address, STATION)?;
        let taken = Flight::taken_over(flight.plan, Settings::default());
        let record = Record::open(&folder, &args.flight)?;
        let beginning = Beginning::Order(order, plan.map(Box::new));
        return Drive::new(taken, wire, record, beginning)?.run();
    }
    let name = Uuid::now_v7();
    let path = orders(&folder).join(format!("{name}.order"));
    let text = serde_json::to_vec(&Waiting { order, plan }).context("cannot write the order")?;
    write_whole(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
    let answer = path.with_extension("answer");
    let began = Instant::now();
    while began.elapsed() < ANSWER {
        if let Ok(text) = std::fs::read(&answer) {
            // It is read; that it stays would harm nobody.
            drop(std::fs::remove_file(&answer));
            let read: Answer = serde_json::from_slice(&text).context("the answer cannot be read")?;
            print(&String::from_utf8_lossy(&text)).context("cannot write to standard output")?;
            return Ok(if read == Answer::Accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        std::thread::sleep(LOOK);
    }
    bail!("flight {}: no answer within {} s; look at the aircraft", args.flight, ANSWER.as_secs())
}
