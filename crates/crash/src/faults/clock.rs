//! The server's clock jumps while people are connected.

use std::time::Duration;

use super::{Scene, Stage, folder, setup};
use crate::report::Fault;
use crate::shim::Shim;

const HOUR: i64 = 3600;
/// Where the system's clock stands after each jump, in seconds from the right time: an hour ahead, an hour back, a
/// day ahead, a day back, an hour behind, right again.
const STANDS: &[i64] = &[HOUR, 0, 24 * HOUR, 0, -HOUR, 0];
const BACK: Duration = Duration::from_secs(40);
/// What the server's figure may be off by: it comes closer while the scenario runs, and is looked at once a second.
const SLACK_SECS: f64 = 5.0;

const SET_BACK: &str = "the system's clock was set back";
const SET_AHEAD: &str = "the system's clock was set ahead";

/// People's apps stay open as long as the server runs.
pub(crate) async fn jumps(stage: &Stage) -> Result<Fault, String> {
    let folder = folder()?;
    let shim = Shim::clock(folder.path())?;
    let mut setup = setup(stage, folder.path());
    setup.environment = shim.environment();
    let mut scene = Scene::begin(stage, setup, Some(folder)).await?;
    let mut back_ms = 0;
    let (mut stood, mut ahead) = (0, 0);
    for stands in STANDS {
        shim.set(*stands)?;
        // The server's time never goes back, so it is ahead of a clock that does.
        ahead = (ahead + stood - stands).max(0);
        stood = *stands;
        // At least one message under way was written before the jump.
        let when = format!("with the clock moved to {stands} s");
        back_ms = back_ms.max(scene.goes_on(&when, BACK).await?);
        tokio::time::sleep(Duration::from_secs(if stage.full { 5 } else { 2 })).await;
        back_ms = back_ms.max(scene.goes_on(&when, BACK).await?);
        let told = scene.figure("chatters_clock_ahead_seconds").await?;
        let expected = f64::from(i32::try_from(ahead).unwrap_or(i32::MAX));
        if (told - expected).abs() > SLACK_SECS {
            return Err(format!("{when} the server says that it is {told} s ahead, it should be {expected}"));
        }
    }
    // A start takes the system's clock. An app that has seen the server's time a day ahead believes none that is so
    // much earlier, and has to be opened again.
    scene.crowd.world.server.start_again()?;
    scene.reopen(stage).await?;
    back_ms = back_ms.max(scene.goes_on("after a start with the time a day back", BACK).await?);
    let fault = scene.end(&[SET_BACK, SET_AHEAD]).await?;
    Ok(Fault {
        back_ms,
        note: "+1 h, −1 h, +1 day, −1 day, −1 h, +1 h, and apps stay open; then a restart a day back, and apps are \
               opened again"
            .to_owned(),
        ..fault
    })
}
