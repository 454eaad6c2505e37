//! Whole key exchanges: from the connection to a key that both sides have and the server has written down.

use std::time::Duration;

use client::Wire;
use mtproto::handshake::client::KeyKind;
use tokio::runtime::Handle;

use crate::figures::Figure;
use crate::line::Door;
use crate::scenarios::{Context, parallel};
use crate::usage::Usage;

/// Clients that exchange one key after the other.
const CLIENTS: usize = 8;

pub fn run(context: &Context) -> Result<Vec<Figure>, String> {
    let millis = context.pick(6_000, 500);
    let runtime = parallel()?;
    let home = context.home()?;
    let server = context.start(&home)?;
    let (count, seconds, used, own) = runtime.block_on(async {
        let door = Door::new(&server)?;
        let (begin, before, own) = (crate::system::micros(), Usage::of(server.pid()), Usage::own());
        let end = begin + millis * 1000;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let door = door.clone();
                Handle::current().spawn(async move {
                    let mut count = 0_u32;
                    while crate::system::micros() < end {
                        let mut wire = Wire::open(&door.config).await.map_err(|why| why.to_string())?;
                        let made = wire.make_key(&door.config, KeyKind::Permanent);
                        let made = tokio::time::timeout(Duration::from_secs(30), made).await;
                        made.map_err(|_| "no key came".to_owned())?.map_err(|why| why.to_string())?;
                        count += 1;
                    }
                    Ok::<_, String>(count)
                })
            })
            .collect();
        let mut count = 0;
        for client in clients {
            count += client.await.map_err(|why| why.to_string())??;
        }
        let seconds = (crate::system::micros() - begin) as f64 / 1e6;
        let used = Usage::of(server.pid()).since(before);
        Ok::<_, String>((f64::from(count.max(1)), seconds, used, Usage::own().since(own)))
    })?;
    let what =
        format!("{CLIENTS} clients at once, req_pq_multi to dh_gen_ok, the clients' half on the same cores");
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    Ok(vec![
        // Clients compute the same two powers.
        Figure::higher("handshakes_per_s", count / seconds, "1/s", &what).against(
            context.limits.dh_per_s * cores / 2.0,
            "both sides' powers of Diffie-Hellman alone, all cores",
        ),
        Figure::lower("server_cpu_us_per_handshake", used.cpu_us as f64 / count, "µs", "the server's half")
            .against(1e6 / context.limits.dh_per_s, "two powers of Diffie-Hellman"),
        Figure::lower("generator_cpu_us_per_handshake", own.cpu_us as f64 / count, "µs", "the clients' half"),
    ])
}
