//! Disks that are full, broken or read-only.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bench::server::{Server, Setup};
use tl_api::functions;

use super::{Scene, Stage, folder};
use crate::boxes::Contents;
use crate::report::Fault;
use crate::shim::Shim;

pub(crate) const EIO: i64 = 5;
pub(crate) const ENOSPC: i64 = 28;
pub(crate) const EROFS: i64 = 30;

const BROKEN: &str = "the database cannot be written";
const WORKS: &str = "the database can be written again";
/// What is under way when the disk fails may still be acknowledged.
const GRACE: Duration = Duration::from_millis(500);
const BACK: Duration = Duration::from_secs(20);
const CPU: &str = "process_cpu_seconds_total";
/// What people who ask again and again may cost a server, built without optimisation, that can do nothing for them.
const BUSY_PERCENT: f64 = 80.0;

/// The disk fails with this errno under load, and works again.
pub(crate) async fn fails(stage: &Stage, errno: i64) -> Result<Fault, String> {
    let folder = folder()?;
    let shim = Shim::disk(folder.path())?;
    let mut setup = super::setup(stage, folder.path());
    setup.environment = shim.environment();
    let mut scene = Scene::begin(stage, setup, Some(folder)).await?;
    let (mut back_ms, mut busy) = (0, 0.0_f64);
    let times = if stage.full { 5 } else { 2 };
    for _ in 0..times {
        scene.outages += 1;
        shim.set(errno)?;
        busy = sits_it_out(&scene, lasts(stage), Room::None).await?.max(busy);
        shim.set(0)?;
        back_ms = back_ms.max(scene.goes_on("after the disk works again", BACK).await?);
        scene.is_said("200 ok").await?;
    }
    let fault = scene.end(&[BROKEN, WORKS]).await?;
    let note =
        format!("every write of the process fails, {times} times; {busy:.0} % of a processor meanwhile");
    Ok(Fault { back_ms, note, ..fault })
}

/// A small disk that fills up for real, where this program may mount one.
pub(crate) async fn full_for_real(stage: &Stage) -> Result<Fault, String> {
    let folder = folder()?;
    let Some(disk) = Tmpfs::mount(&folder.path().join("disk")) else {
        return Ok(Fault { note: "not done: no tmpfs can be mounted here".to_owned(), ..Fault::default() });
    };
    let mut setup = super::setup(stage, folder.path());
    setup.data = disk.0.join("data");
    let mut scene = Scene::begin(stage, setup, Some(folder)).await?;
    let ballast = disk.0.join("ballast");
    let (mut back_ms, mut busy) = (0, 0.0_f64);
    let times = if stage.full { 5 } else { 2 };
    for _ in 0..times {
        scene.outages += 1;
        fill(&ballast)?;
        busy = sits_it_out(&scene, lasts(stage), Room::Old).await?.max(busy);
        fs::remove_file(&ballast).map_err(|why| why.to_string())?;
        back_ms = back_ms.max(scene.goes_on("after there is room again", BACK).await?);
        scene.is_said("200 ok").await?;
    }
    let fault = scene.end(&[BROKEN, WORKS]).await?;
    drop(disk);
    let note = format!("tmpfs, filled to the last page, {times} times; {busy:.0} % of a processor meanwhile");
    Ok(Fault { back_ms, note, ..fault })
}

/// Starting on a read-only folder says what is wrong, in a line.
pub(crate) async fn start_read_only(stage: &Stage) -> Result<Fault, String> {
    let folder = folder()?;
    let shim = Shim::disk(folder.path())?;
    let mut setup = super::setup(stage, folder.path());
    setup.environment = shim.environment();
    // A first start makes everything that there is to be found.
    drop(Server::launch(setup.clone())?);
    shim.set(EROFS)?;
    says_what_is_wrong(&setup, "preloaded")?;
    shim.set(0)?;
    drop(Server::launch(setup)?);
    let mut note = "exit code 1 and one line".to_owned();
    if let Some(disk) = Tmpfs::mount(&folder.path().join("disk")) {
        let mut setup = super::setup(stage, folder.path());
        setup.data = disk.0.join("data");
        drop(Server::launch(setup.clone())?);
        disk.remount("ro")?;
        says_what_is_wrong(&setup, "tmpfs")?;
        disk.remount("rw")?;
        drop(Server::launch(setup)?);
        note.push_str(", on a read-only tmpfs too");
    }
    Ok(Fault { note, ..Fault::default() })
}

fn says_what_is_wrong(setup: &Setup, which: &str) -> Result<(), String> {
    let log = setup.folder.join("log");
    // A first start may not have had anything to say.
    let _ = fs::remove_file(&log);
    let Err(why) = Server::launch(setup.clone()) else { return Err(format!("{which}: the server started")) };
    let text = fs::read_to_string(&log).unwrap_or_default();
    let data = setup.data.display().to_string();
    let is_clear = why.contains("exit status: 1")
        && text.lines().count() == 1
        && text.to_lowercase().contains("read-only")
        && text.contains(&data);
    if is_clear { Ok(()) } else { Err(format!("{which}: {why}\nthe whole log:\n{text}")) }
}

fn lasts(stage: &Stage) -> Duration {
    if stage.full { Duration::from_secs(8) } else { Duration::from_secs(2) }
}

/// What a disk that fails still takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    None,
    /// What fits into the files as they are: once the database's log has begun anew, some writes do.
    Old,
}

/// While nothing can be written: nothing is acknowledged, reading goes on, people can come back, and the operator sees
/// it.
/// Gives how much of a processor the server took meanwhile, in percent.
async fn sits_it_out(scene: &Scene, lasts: Duration, room: Room) -> Result<f64, String> {
    tokio::time::sleep(GRACE).await;
    if room == Room::None {
        scene.is_said("503 disk").await?;
        let up = scene.figure("chatters_store_database_up{side=\"write\"}").await?;
        if up != 0.0 {
            return Err(format!("the database is said to be written: {up}"));
        }
    }
    let before = (scene.acknowledged(), scene.crowd.record().doubts);
    let person = &scene.crowd.people[0];
    Contents::read(&scene.crowd, person).await.map_err(|why| format!("reading: {why}\n{}", scene.tail()))?;
    let other = scene.crowd.world.come_back(person.identity()).await?;
    let state = other.invoke(&functions::updates::GetState {}).await;
    state.map_err(|why| format!("coming back: {why}\n{}", scene.tail()))?;
    let cpu = scene.figure(CPU).await?;
    tokio::time::sleep(lasts).await;
    let busy = (scene.figure(CPU).await? - cpu) * 100.0 / lasts.as_secs_f64();
    if busy > BUSY_PERCENT {
        return Err(format!(
            "the server keeps {busy:.0} % of a processor busy for nothing\n{}",
            scene.tail()
        ));
    }
    if let Some(status) = scene.crowd.world.server.ended() {
        return Err(format!("the server ended: {status}\n{}", scene.tail()));
    }
    let after = (scene.acknowledged(), scene.crowd.record().doubts);
    if after.0 > before.0 && room == Room::None {
        return Err(format!("{} messages were acknowledged that cannot be kept", after.0 - before.0));
    }
    if after.1 == before.1 {
        return Err(format!("people hear nothing, not even that it does not work\n{}", scene.tail()));
    }
    Ok(busy)
}

fn fill(path: &Path) -> Result<(), String> {
    let mut file = File::create(path).map_err(|why| why.to_string())?;
    let page = [0_u8; 4096];
    while file.write_all(&page).is_ok() {}
    Ok(())
}

struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(path: &Path) -> Option<Self> {
        fs::create_dir_all(path).ok()?;
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(path).output();
        status.is_ok_and(|output| output.status.success()).then(|| Self(path.to_owned()))
    }

    fn remount(&self, how: &str) -> Result<(), String> {
        let options = format!("remount,{how}");
        let status = Command::new("mount").args(["-o", &options]).arg(&self.0).status();
        let status = status.map_err(|why| why.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("mount -o {options}: {status}")) }
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: somebody may still have a file open. A mount that is gone is what is wanted.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
