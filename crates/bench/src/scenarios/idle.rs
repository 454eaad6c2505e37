//! What somebody costs who is signed in, connected and silent.

use std::time::Duration;

use crate::figures::Figure;
use crate::line::{Door, Line};
use crate::scenarios::{Context, single};
use crate::seed::{Person, Seed};
use crate::usage::Memory;

/// Connections that are there before counting begins: what they make the server set up is not counted.
const FIRST: usize = 100;
/// Connections that are being made at once.
const AT_ONCE: usize = 50;

pub fn run(context: &Context) -> Result<Vec<Figure>, String> {
    let count = context.pick(10_000_u32, 500);
    let runtime = single()?;
    let home = context.home()?;
    let people = runtime.block_on(async {
        let mut seed = Seed::open(&home.store()?)?;
        let people = seed.people(count + u32::try_from(FIRST).unwrap_or(0)).await?;
        seed.close();
        Ok::<_, String>(people)
    })?;
    let server = context.start(&home)?;
    let (before, after, seconds) = runtime.block_on(async {
        let door = Door::new(&server)?;
        let (first, others) = people.split_at(FIRST);
        let mut lines = connect(&door, first).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (before, begin) = (Memory::of(server.pid()), crate::system::micros());
        lines.extend(connect(&door, others).await?);
        let seconds = (crate::system::micros() - begin) as f64 / 1e6;
        tokio::time::sleep(Duration::from_secs(context.pick(10, 1))).await;
        // They have to be there still: the newest and the oldest answer.
        for at in [0, lines.len() - 1] {
            lines[at].call(&tl_api::functions::updates::GetState {}).await?;
        }
        Ok::<_, String>((before, Memory::of(server.pid()), seconds))
    })?;
    let each = |after: u64, before: u64| after.saturating_sub(before) as f64 / f64::from(count);
    let what = format!(
        "{count} accounts with a key, a session and a connection each, signed in, 10 s after the last came; \
         resident memory of the server (that of the kernel's sockets is not in it)"
    );
    Ok(vec![
        Figure::lower("kib_per_idle_conn", each(after.resident, before.resident), "KiB", &what),
        Figure::lower(
            "kib_private_dirty_per_idle_conn",
            each(after.private_dirty, before.private_dirty),
            "KiB",
            "the same, of pages that are the server's alone",
        ),
        Figure::higher(
            "connects_per_s",
            f64::from(count) / seconds,
            "1/s",
            "connections that come back with a key they have: initConnection and updates.getState answered",
        ),
    ])
}

async fn connect(door: &Door, people: &[Person]) -> Result<Vec<Line>, String> {
    let mut lines = Vec::with_capacity(people.len());
    for some in people.chunks(AT_ONCE) {
        let mut coming = tokio::task::JoinSet::new();
        for person in some {
            let (door, identity) = (door.clone(), person.identity.clone());
            // On the runtime that we run on.
            coming.spawn(async move { door.enter(&identity).await });
        }
        while let Some(line) = coming.join_next().await {
            lines.push(line.map_err(|why| why.to_string())??);
        }
    }
    Ok(lines)
}
