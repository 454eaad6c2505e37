//! Rounds of `kill -9` under load, on the same data from the first to the last.

use std::time::Duration;

use crate::check::Checker;
use crate::load::Load;
use crate::people::Crowd;
use crate::postgres::Cluster;
use crate::random::Dice;
use crate::report::Rounds;

/// From the first send of a round to the kill.
const LIFE_MS: (u64, u64) = (100, 900);
/// After the server or its database is back, until everybody has their answers.
const BACK: Duration = Duration::from_secs(60);
/// While the database is back and people go on, before they stop.
const AFTER_MS: u64 = 400;

/// What dies in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    /// The server; then people come back on new sessions, and what was not answered is looked for before it is
    /// sent again.
    Server,
    /// The server; people's apps stay and ask again by themselves.
    ServerUnderApps,
    /// The database as a whole, at once, and started again; the server stays.
    Database,
    /// One process of the database, whereupon it ends all the others; the server stays.
    Backend,
}

const ON_SQLITE: &[Victim] = &[Victim::Server, Victim::ServerUnderApps];
const ON_POSTGRES: &[Victim] = &[Victim::Server, Victim::Database, Victim::ServerUnderApps, Victim::Backend];

/// Runs `count` rounds. The people and their data stay from round to round.
pub(crate) async fn run(
    crowd: &Crowd,
    cluster: Option<&Cluster>,
    count: usize,
    window: usize,
    dice: &Dice,
) -> Result<Rounds, String> {
    let mut checker = Checker::new(crowd).await?;
    let mut rounds = Rounds::default();
    let victims = if cluster.is_some() { ON_POSTGRES } else { ON_SQLITE };
    for number in 0..count {
        let mut dice = dice.branch(number as u64 + 1);
        let victim = victims[number % victims.len()];
        let before = crowd.record().acknowledged;
        let load = Load::start(crowd, window, &dice);
        let life = Duration::from_millis(dice.between(LIFE_MS.0, LIFE_MS.1));
        tokio::time::sleep(life).await;
        let failed = |why: String| format!("round {number} ({victim:?} after {life:?}): {why}");
        let started = crowd.world.clock.now();
        strike(victim, crowd, cluster).map_err(failed)?;
        let took = if victim == Victim::Server {
            load.abandon().await;
            crowd.hang_up();
            let started = crowd.world.clock.now();
            crowd.world.server.start_again().map_err(failed)?;
            let took = crowd.world.clock.now().0 - started.0;
            crowd.come_back().await.map_err(failed)?;
            took
        } else {
            let took = crowd.world.clock.now().0 - started.0;
            tokio::time::sleep(Duration::from_millis(AFTER_MS)).await;
            load.finish(BACK).await.map_err(failed)?;
            took
        };
        rounds.note(took, crowd.record().acknowledged - before);
        if let Some(status) = crowd.world.server.ended() {
            return Err(failed(format!("the server ended: {status}")));
        }
        let acknowledged = crowd.record().acknowledged - before;
        println!("round {number}: {victim:?} after {life:?}, down {took} ms, {acknowledged} acknowledged");
        checker.check(crowd, victim == Victim::Server).await.map_err(failed)?;
    }
    rounds.finish(crowd, &checker.tally);
    Ok(rounds)
}

/// Kills, and starts again what is not left to the caller.
fn strike(victim: Victim, crowd: &Crowd, cluster: Option<&Cluster>) -> Result<(), String> {
    match (victim, cluster) {
        (Victim::Server, _) => crowd.world.server.kill(),
        (Victim::ServerUnderApps, _) | (_, None) => crowd.world.server.start_again()?,
        (Victim::Database, Some(cluster)) => {
            cluster.stop_at_once()?;
            cluster.start()?;
        }
        (Victim::Backend, Some(cluster)) => {
            cluster.kill_a_backend()?;
            cluster.wait()?;
        }
    }
    Ok(())
}
