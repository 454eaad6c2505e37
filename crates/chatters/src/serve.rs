//! `chatters serve`: puts the parts together and runs them until it is told to stop.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use bus::{Bus, InProcess};
use domain::{SharedClock, SharedRandom};
use gateway::{Parts, Registry};
use mtproto::RsaPrivateKey;
use mtproto::handshake::server::HandshakeConfig;
use mtproto::transport::ProxySecret;
use rpc::Rpc;
use rpc::boundary::{Pages, Sessions};
use service::Service;
use service::accounts::{deletion, service_account};
use store::{KeyFile, Store, StoreConfig};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::info;
use updates::{Hub, Presence};

use crate::admin;
use crate::announce::Announcement;
use crate::cli::ServeArgs;
use crate::clock::SteadyClock;
use crate::config::{Config, Secret};
use crate::delivery::{CodeBoard, Senders};
use crate::system::{self, SystemRandom};
use crate::{jobs, logs, metrics, server_key};

/// No temporary key lives longer than a week; clients ask for a day.
const TEMP_KEY_SECS: i32 = 7 * 24 * 60 * 60;

pub(crate) fn command(args: &ServeArgs) -> Result<(), String> {
    logs::init(&args.log, args.log_format)?;
    let config = Config::load(args).map_err(|why| why.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|why| format!("the runtime: {why}"))?;
    runtime.block_on(run(config, args))
}

async fn run(config: Config, args: &ServeArgs) -> Result<(), String> {
    let clock: SharedClock = Arc::new(SteadyClock::start());
    let random: SharedRandom = Arc::new(SystemRandom);
    private_folder(&config.data).map_err(|why| format!("{}: {why}", config.data.display()))?;
    let root_key = config.root_key_file().map_err(|why| why.to_string())?;
    let store = open_store(&config, &root_key, &clock, &random)?;
    store.set_budgets(config.limits.budgets());
    let key = server_key::load_or_create(&server_key::file_beside(&root_key), &*random)?;

    system::make_room(config.limits.gateway().connections);
    let listener =
        TcpListener::bind(config.listen).await.map_err(|why| format!("{}: {why}", config.listen))?;
    let bound = listener.local_addr().map_err(|why| why.to_string())?;
    let address = config.advertised(bound);
    let metrics = metrics::Listener::bind(config.metrics).await?;
    let announcement = Announcement {
        metrics: metrics.as_ref().map(metrics::Listener::address),
        ..Announcement::new(address, config.dc, key.public())
    };

    let board = Arc::new(CodeBoard::new(Arc::clone(&clock), args.show_codes));
    let service = make_service(&config, address, &store, &clock, &random, &board)?;
    service_account::ensure(&service).await.map_err(|why| format!("the service account: {why}"))?;
    deletion::settle(&service).await.map_err(|why| format!("deleted accounts: {why}"))?;
    let rpc = Arc::new(Rpc::new(api::registry(), Arc::clone(&service)));
    let pages = Arc::new(api::Pages::new(Arc::clone(&service)));
    let parts = gateway_parts(&config, key, &store, &rpc, pages, clock, random)?;
    rpc.connect(Arc::clone(&parts.registry) as Arc<dyn Sessions>);

    let stop = stop_signal().map_err(|why| format!("signals: {why}"))?;
    let operator = admin::Listener::bind(&config.data, board).map_err(|why| format!("admin.sock: {why}"))?;
    let operator = gateway::task::spawn(operator.run());
    let metrics = metrics.map(|metrics| {
        let (store, registry, hub) = (store.clone(), Arc::clone(&parts.registry), Arc::clone(&service.hub));
        gateway::task::spawn(metrics.run(metrics::Sources { store, registry, hub }))
    });
    // The socket takes connections already: whoever reads this can come.
    announcement.save(&config.data, args.ready_file.as_deref()).map_err(|why| format!("ready: {why}"))?;
    greet(&announcement, &config.data);

    let jobs = jobs::start(&service, &stop);
    gateway::serve(parts, listener, stop).await;
    for job in jobs {
        // A job that panicked has said so itself.
        let _ = job.await;
    }
    metrics.inspect(|metrics| metrics.abort());
    operator.abort();
    // The socket's file goes with the task.
    let _ = operator.await;
    store.close();
    info!("stopped");
    Ok(())
}

/// Nobody but the server's user looks into the data folder.
fn private_folder(data: &Path) -> io::Result<()> {
    fs::create_dir_all(data)?;
    fs::set_permissions(data, Permissions::from_mode(0o700))
}

fn open_store(
    config: &Config,
    root_key: &Path,
    clock: &SharedClock,
    random: &SharedRandom,
) -> Result<Store, String> {
    let (database, keys) = config.databases();
    let config = StoreConfig {
        database,
        keys,
        root: Arc::new(KeyFile::new(root_key.to_owned())),
        readers: 0,
        faults: None,
    };
    Store::open(&config, Arc::clone(clock), Arc::clone(random)).map_err(|why| format!("the store: {why}"))
}

fn make_service(
    config: &Config,
    address: SocketAddr,
    store: &Store,
    clock: &SharedClock,
    random: &SharedRandom,
    board: &Arc<CodeBoard>,
) -> Result<Arc<Service>, String> {
    let bus: Arc<dyn Bus> = Arc::new(InProcess::default());
    let presence = Arc::new(Presence::default());
    let spawn = Arc::new(gateway::task::Runtime::current());
    let hub = Hub::new(store.clone(), Arc::clone(&presence), &*bus, Arc::clone(clock), spawn);
    service::join(store, &bus);
    Ok(Arc::new(Service {
        store: store.clone(),
        clock: Arc::clone(clock),
        random: Arc::clone(random),
        hub,
        unindexed: service::Unindexed::listen(&*bus),
        bus,
        presence,
        codes: Arc::new(Senders::new(&config.codes, Arc::clone(board))?),
        pace: Arc::default(),
        config: service::Config { dc: config.dc, address, test_mode: config.test_mode },
    }))
}

fn gateway_parts(
    config: &Config,
    key: RsaPrivateKey,
    store: &Store,
    rpc: &Arc<Rpc>,
    pages: Arc<dyn Pages>,
    clock: SharedClock,
    random: SharedRandom,
) -> Result<Parts, String> {
    let limits = config.limits.gateway();
    let salts = store.vault().derive("server salts");
    let registry = Arc::new(Registry::new(&limits, *salts, Arc::clone(&clock), Arc::clone(&random)));
    let secret = |Secret(digits): &Secret| {
        ProxySecret::from_hex(digits).map_err(|why| format!("a proxy secret: {why}"))
    };
    let tls = config.tls.as_ref().map(|tls| gateway::tls::load(&tls.certificate, &tls.key));
    Ok(Parts {
        limits,
        handshake: HandshakeConfig {
            keys: vec![key],
            default_dc: config.dc,
            test_dc: None,
            temp_key_max_seconds: TEMP_KEY_SECS,
        },
        secrets: config.proxy_secrets.iter().map(secret).collect::<Result<_, _>>()?,
        tls: tls.transpose().map_err(|why| format!("TLS: {why}"))?,
        registry,
        handler: Arc::clone(rpc) as Arc<dyn rpc::boundary::Handler>,
        keys: rpc.keys(),
        pages: Some(pages),
        clock,
        random,
    })
}

/// True after the first SIGTERM or ctrl-c.
fn stop_signal() -> io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    gateway::task::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
        // Nobody listens any more when the server is stopping already.
        let _ = stop.send(true);
    });
    Ok(stopped)
}

/// The lines that people and programs wait for.
fn greet(announcement: &Announcement, data: &Path) {
    let text = format!(
        "{}\nsign-in codes: chatters codes --data {} --follow\nready\n",
        announcement.text(),
        data.display()
    );
    let mut out = io::stdout().lock();
    // A server whose output nobody takes serves all the same.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
