//! A device that was away for long: it asks for the difference until it has everything.

use tl_api::{enums, functions};

use crate::figures::Figure;
use crate::line::Door;
use crate::scenarios::{Context, settle, single};
use crate::seed::Seed;
use crate::system::micros;
use crate::usage::Usage;

/// People who wrote meanwhile.
const FRIENDS: u32 = 50;

pub fn run(context: &Context) -> Result<Vec<Figure>, String> {
    let count = context.pick(100_000_usize, 2_000);
    let runtime = single()?;
    let home = context.home()?;
    let person = runtime.block_on(async {
        let mut seed = Seed::open(&home.store()?)?;
        let person = seed.people(1).await?.remove(0);
        let friends = seed.people(FRIENDS).await?;
        let pairs: Vec<_> = friends.iter().map(|friend| (person.clone(), friend.clone())).collect();
        seed.befriend(&pairs).await?;
        let letters = (0..count).map(|at| (friends[at % friends.len()].id, person.id));
        seed.messages(letters, 5).await?;
        seed.close();
        Ok::<_, String>(person)
    })?;
    let server = context.start(&home)?;
    let (seconds, slices, cpu, peak) = runtime.block_on(async {
        settle(server.pid(), 10).await;
        let mut line = Door::new(&server)?.enter(&person.identity).await?;
        let (begin, before) = (micros(), Usage::of(server.pid()));
        let mut since = functions::updates::GetDifference { pts: 1, date: 1, qts: 1, ..Default::default() };
        let (mut slices, mut found) = (0_u32, 0);
        loop {
            slices += 1;
            match line.call(&since).await? {
                enums::updates::Difference::Slice(slice) => {
                    found += slice.new_messages.len();
                    let state = slice.intermediate_state;
                    since = functions::updates::GetDifference {
                        pts: state.pts,
                        date: state.date,
                        qts: state.qts,
                        ..Default::default()
                    };
                }
                enums::updates::Difference::Difference(last) => {
                    found += last.new_messages.len();
                    break;
                }
                enums::updates::Difference::Empty(_) => break,
                enums::updates::Difference::TooLong(_) => {
                    return Err("the server says it is too long".to_owned());
                }
            }
        }
        let seconds = (micros() - begin) as f64 / 1e6;
        if found != count {
            return Err(format!("{found} of {count} messages came"));
        }
        let used = Usage::of(server.pid()).since(before);
        Ok::<_, String>((seconds, slices, used.cpu_us, crate::usage::Memory::of(server.pid()).peak))
    })?;
    let what = format!(
        "one device {count} updates behind, updates.getDifference in {slices} slices until it has all, decoded; \
         server {:.0} µs of CPU an update, {:.0} MiB at most",
        cpu as f64 / count as f64,
        peak as f64 / 1024.0
    );
    Ok(vec![
        Figure::lower("catch_up_s", seconds, "s", &what),
        Figure::higher("catch_up_updates_per_s", count as f64 / seconds, "1/s", &what),
    ])
}
