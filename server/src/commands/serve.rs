//! `flyonce serve`: runs until it is told to end, and then ends in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use crossbeam::channel::bounded;
use store::{PostgresStore, SqliteStore, Store, StoreError};
use tokio::net::TcpListener;

use super::verify::authority;
use crate::cli::ServeArgs;
use crate::config::{self, Config, Problem, ServeEntry};
use crate::serve::accounts::{Accounts, Role};
use crate::serve::cot::CotSender;
use crate::serve::door;
use crate::serve::hub::{ARRIVALS, AddedFile, Common, DetectorPool, Hub, Writer};
use crate::serve::keeping::Keeping;
use crate::serve::missions::{Missions, Proposer};
use crate::serve::mqtt::Mqtt;
use crate::serve::outbox::{self, Watch};
use crate::serve::reload::Reload;
use crate::serve::stores::Stores;
use crate::serve::traces::Traces;
use crate::serve::webhooks::Webhook;
use crate::serve::{App, Parts, lifetime};
use crate::wire::store::Place;
use crate::wire::{self, Assembly, Source};
use crate::{clock, memory, output};

/// How often receivers of events are looked after.
const WATCH_EVERY: Duration = Duration::from_secs(10);
/// How long open connections may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM.
///
/// # Errors
/// When the configuration, the data folder or the address cannot be used.
pub fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = config::load(&args.config)?;
    let assembly = assemble(&config)?;
    let problems = door::problems(&config.serve, &assembly.city.departments);
    if !problems.is_empty() {
        return Err(unusable(&problems));
    }
    let data = args.data.clone().unwrap_or_else(|| PathBuf::from("out/serve"));
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make the folder {}", data.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime
        .block_on(TcpListener::bind(args.listen))
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let Assembly { packs, city, terrain, sources, vehicles } = assembly;
    let app = Arc::new(app(&config, city, vehicles, &data, args.review)?);
    app.door.apply(config.serve.clone())?;
    let reload = Arc::new(Reload::new(&args.config, &config.serve)?);

    let (arrivals, arrived) = bounded(ARRIVALS);
    let scaled = config.analysis.most_tiles > 0 && packs.cards.iter().any(|card| card.tiles.is_some());
    let classes = packs.cards.iter().flat_map(|card| card.classes.iter().map(|c| c.name.clone())).collect();
    let pool = DetectorPool::new(packs.workers);
    let dedupe = config.dedupe.clone();
    app.set_hub(Hub::new(Common {
        config: config.clone(),
        terrain,
        classes,
        scaled,
        pool,
        arrivals: Mutex::new(Some(arrivals)),
        door: Arc::clone(&app.door),
        added: AddedFile::in_folder(&data),
    }));
    let writer = Writer::new(Arc::clone(&app), app.stores.open()?, dedupe, app.evidence.clone());
    let writer =
        std::thread::Builder::new().name("writer".into()).spawn(move || writer.write_all(&arrived))?;
    app.set_cap(config.cap.clone());
    if let Some(entry) = &config.traces {
        app.set_traces(Traces::to(entry)?);
    }
    start(&app, sources);
    start_outbox(&app, &config)?;
    let trusted = config.evidence.timestamp_ca.as_deref().map(authority).transpose()?.unwrap_or_default();
    let keeping = Keeping::new(config.evidence.clone(), config.retention.clone(), trusted);
    let keeper = Arc::clone(&app);
    std::thread::Builder::new().name("keeper".into()).spawn(move || keeping.run(&keeper))?;
    memory::give_back();
    greet(&app, &config.serve, listener.local_addr()?)?;

    let served = runtime.block_on(lifetime::serve(Arc::clone(&app), listener, reload));
    tracing::info!("ending: sources first, then what they saw is stored");
    if let Some(hub) = app.hub() {
        hub.end();
        hub.close();
    }
    if writer.join().is_err() {
        bail!("a fault inside flyonce ended the writer of the store; please report it");
    }
    runtime.shutdown_timeout(DRAIN);
    app.traces().end();
    served?;
    Ok(ExitCode::SUCCESS)
}

/// All that stands against a configuration.
fn unusable(problems: &[Problem]) -> anyhow::Error {
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    anyhow!("cannot use the configuration:\n  {}", told.join("\n  "))
}

fn assemble(config: &Config) -> anyhow::Result<Assembly> {
    match wire::assemble(config) {
        Ok((assembly, warnings)) => {
            for warning in warnings {
                tracing::warn!("{warning}");
            }
            Ok(assembly)
        }
        Err(problems) => Err(unusable(&problems)),
    }
}

fn app(
    config: &Config,
    city: wire::City,
    vehicles: Vec<wire::Vehicle>,
    data: &Path,
    review_first: bool,
) -> anyhow::Result<App> {
    let place = config.store.as_ref().and_then(Place::configured).unwrap_or_else(|| Place::in_folder(data));
    let open = move || -> Result<Box<dyn Store>, StoreError> {
        Ok(match &place {
            Place::Server(url) => Box::new(PostgresStore::open(url)?),
            Place::File(file) => Box::new(SqliteStore::open(file)?),
        })
    };
    let parts = Parts {
        city,
        dedupe: config.dedupe.clone(),
        stores: Stores::new(Box::new(open)),
        accounts: Accounts::open(data)?,
        evidence: data.join("evidence"),
        keeping: config.evidence.clone(),
        review_first,
        flood: config.flood,
        missions: Missions::open(data, vehicles),
        recheck_share: config.review.recheck_share,
    };
    Ok(App::new(parts)?)
}

fn start(app: &App, sources: Vec<Source>) {
    let Some(hub) = app.hub() else { return };
    for source in sources {
        if let Err(error) = hub.start(source) {
            tracing::error!("{error}");
        }
    }
    if let Err(error) = hub.start_added() {
        tracing::error!("{error}");
    }
}

/// Starts who sends events, each on a thread of its own, and who watches that they get there.
fn start_outbox(app: &Arc<App>, config: &Config) -> anyhow::Result<()> {
    let hooks = config.webhooks.iter().map(|entry| Webhook::new(app, entry.clone()));
    for hook in hooks.collect::<Result<Vec<_>, _>>()? {
        let app = Arc::clone(app);
        std::thread::Builder::new().name("webhook".into()).spawn(move || hook.run(&app))?;
    }
    let targets = config.cot.iter().map(|entry| CotSender::new(app, entry.clone()));
    for target in targets.collect::<Result<Vec<_>, _>>()? {
        let app = Arc::clone(app);
        std::thread::Builder::new().name("cot".into()).spawn(move || target.run(&app))?;
    }
    let brokers = config.mqtt.iter().map(|entry| Mqtt::new(app, entry.clone()));
    for broker in brokers.collect::<Result<Vec<_>, _>>()? {
        let app = Arc::clone(app);
        std::thread::Builder::new().name("mqtt".into()).spawn(move || broker.run(&app))?;
    }
    let (app, proposer) = (Arc::clone(app), Proposer::new(config.review.verify_by_flight.clone()));
    std::thread::Builder::new().name("outbox".into()).spawn(move || watch(&app, &proposer))?;
    Ok(())
}

/// Tells of receivers that are alarmingly far behind, and proposes flights over tasks that are done.
fn watch(app: &App, proposer: &Proposer) {
    let mut watch = Watch::default();
    while !app.ending() {
        std::thread::sleep(WATCH_EVERY);
        proposer.propose(app);
        let last = app.board().cursor();
        match app.stores.with(|store| outbox::receivers(store, last, clock::now())) {
            Ok(all) => watch.look(&all).iter().for_each(|news| tracing::warn!("{news}")),
            Err(error) => tracing::warn!("cannot see how far receivers are: {error}"),
        }
    }
}

/// Tells where the page is, and how to sign in the first time.
fn greet(app: &App, entry: &ServeEntry, address: SocketAddr) -> anyhow::Result<()> {
    let word = app.accounts.one_time_link(Role::Admin, clock::now())?;
    let scheme = if entry.tls.is_some() { "https" } else { "http" };
    // Who listens everywhere is reached here by the loopback.
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let listens = format!("{scheme}://{host}:{}", address.port());
    let base = entry.public_url.as_deref().unwrap_or(&listens);
    let text = format!("flyonce serves {base}\nsign in once within an hour: {base}/sign-in?token={word}");
    output::print(&text).context("cannot write to standard output")
}
