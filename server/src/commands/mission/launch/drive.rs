//! The loop of a launch: link, keys, orders of other processes, Ctrl-C, and what is said meanwhile.

use std::io::BufRead;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use missions::Plan;
use missions::link::launch::What;
use missions::link::mavlink::Flight;
use missions::link::{Answer, Command, Order, State, Words};
use missions_link::Wire;

use super::record::{Record, Waiting, orders};
use crate::output::write_whole;

/// How long a look at the link waits.
const WAIT: Duration = Duration::from_millis(20);
/// How often the folder of orders is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often progress is said.
const SAY: Duration = Duration::from_secs(5);

/// What a drive begins with.
#[derive(Debug, Clone)]
pub enum Beginning {
    /// Launch once a person says so.
    Ask(Order),
    /// Launch when ready.
    Launch(Order),
    /// Give an order to a flight that is under way.
    Order(Order, Option<Box<Plan>>),
}

/// A launch under way.
pub struct Drive {
    flight: Flight,
    wire: Wire,
    record: Record,
    beginning: Option<Beginning>,
    /// Orders of other processes whose answer is awaited.
    awaited: Vec<(PathBuf, Order)>,
    actor: String,
    began: Instant,
    next_look: Duration,
    next_say: Duration,
    interrupts: Arc<AtomicUsize>,
    warned: usize,
    asked: bool,
    keys: Option<Receiver<String>>,
}

impl Drive {
    /// Returns a drive; Ctrl-C is its from here on.
    ///
    /// # Errors
    /// When Ctrl-C cannot be watched for.
    pub fn new(flight: Flight, wire: Wire, record: Record, beginning: Beginning) -> anyhow::Result<Self> {
        let interrupts = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&interrupts);
        ctrlc::set_handler(move || {
            count.fetch_add(1, Ordering::Relaxed);
        })
        .context("cannot watch for Ctrl-C")?;
        let (Beginning::Ask(order) | Beginning::Launch(order) | Beginning::Order(order, _)) = &beginning;
        Ok(Self {
            actor: order.actor.clone(),
            flight,
            wire,
            record,
            beginning: Some(beginning),
            awaited: Vec::new(),
            began: Instant::now(),
            next_look: Duration::ZERO,
            next_say: Duration::ZERO,
            interrupts,
            warned: 0,
            asked: false,
            keys: Some(keys()),
        })
    }

    /// Goes on until the launch is over.
    ///
    /// # Errors
    /// When the link breaks or the record cannot be written.
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        say(&format!("flight 航次 {}", self.record.flight_id()));
        loop {
            self.step()?;
            if self.flight.state().is_over() {
                // What was ordered last is answered, too.
                self.keep()?;
                return Ok(match self.flight.state() {
                    State::Landed { left_at: None } => ExitCode::SUCCESS,
                    _ => ExitCode::FAILURE,
                });
            }
            if self.interrupted()? {
                return Ok(ExitCode::FAILURE);
            }
        }
    }

    fn step(&mut self) -> anyhow::Result<()> {
        let mut come = self.wire.receive(WAIT);
        let now = self.began.elapsed();
        while let Some((from, message)) = come {
            self.flight.hear(from, &message, now);
            come = self.wire.receive(Duration::ZERO);
        }
        self.flight.tick(now);
        for message in self.flight.sends() {
            self.wire.send(&message)?;
        }
        self.keep()?;
        self.begin();
        self.read_keys();
        if now >= self.next_look {
            self.next_look = now + LOOK;
            self.read_orders()?;
        }
        if now >= self.next_say {
            self.next_say = now + SAY;
            if matches!(self.flight.state(), State::Uploading { .. } | State::Flying { .. }) {
                say(&self.flight.state().words().to_string());
            }
        }
        Ok(())
    }

    /// Writes down what happened, says it, and answers whoever asked.
    fn keep(&mut self) -> anyhow::Result<()> {
        for what in self.flight.record() {
            match &what {
                What::Changed { state, words, next } => {
                    if matches!(state, State::Ready | State::Failed { .. }) {
                        self.say_gates();
                    }
                    say(&format!("{words}\n  -> {next}"));
                }
                What::Ordered { order, answer } => {
                    say(&format!("{}: {}", order.command.words(), answered(answer)));
                    self.answer(order, answer)?;
                }
                What::Noted { words } => say(&words.to_string()),
            }
            self.record.keep(what)?;
        }
        Ok(())
    }

    fn say_gates(&self) {
        for gate in self.flight.gates() {
            match &gate.fault {
                None => say(&format!("  ok  {}", gate.seen)),
                Some(fault) => say(&format!("  NO  {}\n      -> {}", fault.what, fault.mend)),
            }
        }
    }

    fn answer(&mut self, order: &Order, answer: &Answer) -> anyhow::Result<()> {
        if *answer == Answer::Sent {
            return Ok(());
        }
        let found = self.awaited.iter().position(|(_, awaited)| awaited == order);
        if let Some((path, _)) = found.map(|index| self.awaited.remove(index)) {
            let text = serde_json::to_vec(answer).context("cannot write an answer")?;
            write_whole(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// Gives the order that the drive was begun for as soon as it can be given.
    fn begin(&mut self) {
        let ready = *self.flight.state() == State::Ready;
        match self.beginning.take() {
            Some(Beginning::Launch(order)) if ready => self.order(order, None),
            Some(Beginning::Order(order, plan)) if self.flight.state().may_be_airborne() => {
                self.order(order, plan.map(|plan| *plan));
            }
            Some(Beginning::Ask(order)) => {
                if ready && !self.asked {
                    self.asked = true;
                    say(
                        "type launch and Enter to start, abort and Enter to leave it 输入 launch(或 起飞)回车确认起飞,abort 回车放弃",
                    );
                }
                self.beginning = Some(Beginning::Ask(order));
            }
            other => self.beginning = other,
        }
    }

    fn order(&mut self, order: Order, plan: Option<Plan>) {
        // A refusal is in the record, which is said and kept.
        let _ = match plan {
            Some(plan) => self.flight.change(order, plan),
            None => self.flight.order(order),
        };
    }

    fn read_keys(&mut self) {
        let line = self.keys.as_ref().map(Receiver::try_recv);
        let Some(Ok(line)) = line else {
            if let Some(Err(std::sync::mpsc::TryRecvError::Disconnected)) = line {
                self.keys = None;
            }
            return;
        };
        let command = match line.trim() {
            "launch" | "起飞" => Command::Launch,
            "p" | "pause" => Command::Pause,
            "r" | "resume" => Command::Resume,
            "h" | "home" => Command::ReturnHome,
            "a" | "abort" => Command::Abort,
            "" => return,
            other => {
                say(&format!("{other:?}: p pause 暂停, r resume 继续, h return home 返航, a abort 中止"));
                return;
            }
        };
        if command == Command::Launch {
            // Only one that waits for this word, and only when it was asked for.
            let asked = self.asked && *self.flight.state() == State::Ready;
            let waits = self.beginning.take_if(|waits| asked && matches!(waits, Beginning::Ask(_)));
            if let Some(Beginning::Ask(order)) = waits {
                self.order(order, None);
            }
            return;
        }
        let (actor, reason) = (self.actor.clone(), "keyboard 键盘".to_owned());
        self.order(Order { command, actor, reason }, None);
    }

    fn read_orders(&mut self) -> anyhow::Result<()> {
        let folder = orders(self.record.folder());
        let listed =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "order"));
        paths.sort();
        for path in paths {
            let read = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            match serde_json::from_slice::<Waiting>(&read) {
                Ok(Waiting { order, plan }) => {
                    self.awaited.push((path.with_extension("answer"), order.clone()));
                    self.order(order, plan);
                }
                Err(error) => tracing::warn!("{} is no order: {error}", path.display()),
            }
        }
        Ok(())
    }

    /// Looks after Ctrl-C; true when it is time to go.
    fn interrupted(&mut self) -> anyhow::Result<bool> {
        let count = self.interrupts.load(Ordering::Relaxed);
        if count == self.warned {
            return Ok(false);
        }
        self.warned = count;
        if !self.flight.state().may_be_airborne() {
            let (actor, reason) = (self.actor.clone(), "Ctrl-C".to_owned());
            self.order(Order { command: Command::Abort, actor, reason }, None);
            // A vehicle that does not answer keeps nobody here.
            return Ok(count > 1);
        }
        if count == 1 {
            say(
                "THE AIRCRAFT IS IN THE AIR. It goes on by itself when this ends. h: return home, a: abort, Ctrl-C again: leave it \
                 飞机仍在空中!h 返航,a 中止;再按一次 Ctrl-C 则不再监视,飞机继续飞行",
            );
            return Ok(false);
        }
        let id = self.record.flight_id().to_owned();
        let words = Words::new(
            format!("操作员离开监视,飞机仍在空中;可用 flyonce mission order {id} return-home 召回"),
            format!("left unwatched in the air; flyonce mission order {id} return-home calls it back"),
        );
        say(&words.to_string());
        self.record.keep(What::Noted { words })?;
        Ok(true)
    }
}

fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Sent => "sent 已发送".to_owned(),
        Answer::Accepted => "done 已执行".to_owned(),
        Answer::Refused { fault } => format!("refused 未执行: {}\n  -> {}", fault.what, fault.mend),
        Answer::Silent => "no answer 无应答".to_owned(),
    }
}

/// Lines of standard input, read beside.
fn keys() -> Receiver<String> {
    let (told, come) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if told.send(line).is_err() {
                return;
            }
        }
    });
    come
}

/// Says something to whoever watches.
pub fn say(text: &str) {
    eprintln!("{text}");
}
