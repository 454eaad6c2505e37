//! Peers that vanish without a word: their connections stay open and silent.

use std::time::Duration;

use tl_api::functions;

use super::slow::Deaf;
use super::{Scene, Stage, folder, setup};
use crate::report::Fault;
use crate::system;

/// After so many seconds of silence the server gives a connection up.
const IDLE_SECS: i64 = 5;
const CONNECTIONS: usize = 200;
/// The server looks at a deadline when it is due; what is slow here is the machine.
const SLACK_MS: i64 = 5_000;

pub(crate) async fn peers_vanish(stage: &Stage) -> Result<Fault, String> {
    let folder = folder()?;
    let mut setup = setup(stage, folder.path());
    setup.config.push_str(&format!("idle_secs = {IDLE_SECS}\nwrite_secs = {IDLE_SECS}\n"));
    let scene = Scene::begin(stage, setup, Some(folder)).await?;
    let address = scene.crowd.world.server.address;
    let before = system::connections(address)?;
    let mut gone = Vec::new();
    for number in 0..CONNECTIONS {
        let person = &scene.crowd.people[number % scene.crowd.people.len()];
        let (client, deaf) = Deaf::connect(&scene.crowd.world, Some(person.identity())).await?;
        client.invoke(&functions::updates::GetState {}).await.map_err(|why| why.to_string())?;
        deaf.stop();
        gone.push(client);
    }
    let clock = &scene.crowd.world.clock;
    let (started, most) = (clock.now().0, system::connections(address)?);
    while system::connections(address)? > before {
        let waited = clock.now().0 - started;
        if waited > IDLE_SECS * 1000 + SLACK_MS {
            let left = system::connections(address)?.saturating_sub(before);
            return Err(format!("{left} connections of people who vanished are open after {waited} ms"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let back_ms = clock.now().0 - started;
    let fault = scene.end(&[]).await?;
    drop(gone);
    let note = format!("{most} connections, {before} once the idle deadline ({IDLE_SECS} s here) was over");
    Ok(Fault { back_ms, note, ..fault })
}
