//! A database that goes away and comes back; the server stays.

use std::time::Duration;

use super::{Scene, Stage, cluster, folder, setup};
use crate::postgres::Cluster;
use crate::proxy::{Mode, Proxy};
use crate::report::Fault;

const BACK: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(300);
/// The server asks again a while after a connection has fallen silent.
const NOTICES: Duration = Duration::from_secs(45);

async fn scene(stage: &Stage, cluster: &Cluster, port: u16) -> Result<Scene, String> {
    let folder = folder()?;
    let mut setup = setup(stage, folder.path());
    setup.database = Some(cluster.database("faults", port)?);
    Scene::begin(stage, setup, Some(folder)).await
}

fn times(stage: &Stage, full: usize, small: usize) -> usize {
    if stage.full { full } else { small }
}

/// All connections are ended by the database, again and again.
pub(crate) async fn connections_ended(stage: &Stage) -> Result<Fault, String> {
    let cluster = cluster()?;
    let mut scene = scene(stage, &cluster, cluster.port()).await?;
    let (mut back_ms, mut ended) = (0, 0);
    for _ in 0..times(stage, 20, 4) {
        scene.outages += 1;
        ended += cluster.terminate()?;
        back_ms = back_ms.max(scene.goes_on("after the connections were ended", BACK).await?);
        tokio::time::sleep(PAUSE).await;
    }
    let fault = scene.end(&[]).await?;
    Ok(Fault { back_ms, note: format!("pg_terminate_backend of {ended} connections"), ..fault })
}

/// The network between server and database is cut and whole again.
pub(crate) async fn network_cut(stage: &Stage) -> Result<Fault, String> {
    let cluster = cluster()?;
    let proxy = Proxy::start(cluster.port()).await?;
    let mut scene = scene(stage, &cluster, proxy.port).await?;
    let mut back_ms = 0;
    let rounds = times(stage, 20, 4);
    for _ in 0..rounds {
        scene.outages += 1;
        proxy.set(Mode::Cut, Mode::Cut);
        tokio::time::sleep(PAUSE).await;
        proxy.set(Mode::Cut, Mode::Pass);
        back_ms = back_ms.max(scene.goes_on("after the cut", BACK).await?);
    }
    let fault = scene.end(&[]).await?;
    Ok(Fault { back_ms, note: format!("connections reset and refused, {rounds} times"), ..fault })
}

/// Nothing comes through for a while; then all of it does, or the connections turn out to be gone.
pub(crate) async fn network_stalls(stage: &Stage) -> Result<Fault, String> {
    let cluster = cluster()?;
    let proxy = Proxy::start(cluster.port()).await?;
    let mut scene = scene(stage, &cluster, proxy.port).await?;
    let seconds = if stage.full { 10 } else { 4 };
    let mut back_ms = 0;
    for end in [Mode::Pass, Mode::Cut] {
        scene.outages += 1;
        proxy.set(Mode::Stall, Mode::Stall);
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        proxy.set(end, Mode::Pass);
        back_ms = back_ms.max(scene.goes_on("after the silence", BACK).await?);
    }
    let fault = scene.end(&[]).await?;
    Ok(Fault { back_ms, note: format!("{seconds} s of silence, then all arrives, or a reset"), ..fault })
}

/// The connections are dead and nobody says so; new ones work.
pub(crate) async fn network_swallows(stage: &Stage) -> Result<Fault, String> {
    let cluster = cluster()?;
    let proxy = Proxy::start(cluster.port()).await?;
    let mut scene = scene(stage, &cluster, proxy.port).await?;
    scene.outages += 1;
    proxy.set(Mode::Stall, Mode::Pass);
    let back_ms = scene.goes_on("on dead connections", NOTICES).await?;
    let fault = scene.end(&[]).await?;
    Ok(Fault { back_ms, note: "connections silent for ever, new ones work".to_owned(), ..fault })
}

/// PostgreSQL is restarted, in order and not, under load.
pub(crate) async fn restarts(stage: &Stage) -> Result<Fault, String> {
    let cluster = cluster()?;
    let mut scene = scene(stage, &cluster, cluster.port()).await?;
    let mut back_ms = 0;
    let rounds = times(stage, 6, 2);
    for number in 0..rounds {
        scene.outages += 1;
        if number % 2 == 0 {
            cluster.stop_in_order()?
        } else {
            cluster.stop_at_once()?
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        cluster.start()?;
        back_ms = back_ms.max(scene.goes_on("after the restart", BACK).await?);
    }
    let fault = scene.end(&["the database cannot be written", "the database can be written again"]).await?;
    Ok(Fault { back_ms, note: format!("{rounds} restarts, 2 s down each"), ..fault })
}
