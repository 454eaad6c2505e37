//! The table of methods that are built.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use domain::{BoxFuture, Error};
use meters::MethodMeter;
use tl::{Decode, DecodeError, Encode, Reader};
use tl_api::MethodInfo;

use crate::Cx;
pub use crate::access::Access;

/// A result on its way into `rpc_result`.
pub type Answer = Box<dyn Encode + Send>;

type Call =
    Box<dyn Fn(Cx, &mut Reader<'_>) -> Result<BoxFuture<Result<Answer, Error>>, DecodeError> + Send + Sync>;

/// One method: its name, who may call it, and how.
pub struct Entry {
    pub name: &'static str,
    pub access: Access,
    pub(crate) meter: Arc<MethodMeter>,
    pub(crate) call: Call,
}

/// A method for anybody with an auth key.
pub fn public<Req, Res, F, Fut>(name: &'static str, handler: F) -> Entry
where
    Req: Decode + Send + 'static,
    Res: Encode + Send + 'static,
    F: Fn(Cx, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Res, Error>> + Send + 'static,
{
    entry(name, Access::Public, handler)
}

/// A method for devices that need not be signed in: it signs them in or out.
pub fn device<Req, Res, F, Fut>(name: &'static str, handler: F) -> Entry
where
    Req: Decode + Send + 'static,
    Res: Encode + Send + 'static,
    F: Fn(Cx, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Res, Error>> + Send + 'static,
{
    entry(name, Access::Device, handler)
}

/// A method for those who are signed in.
pub fn user<Req, Res, F, Fut>(name: &'static str, handler: F) -> Entry
where
    Req: Decode + Send + 'static,
    Res: Encode + Send + 'static,
    F: Fn(Cx, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Res, Error>> + Send + 'static,
{
    entry(name, Access::User, handler)
}

fn entry<Req, Res, F, Fut>(name: &'static str, access: Access, handler: F) -> Entry
where
    Req: Decode + Send + 'static,
    Res: Encode + Send + 'static,
    F: Fn(Cx, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Res, Error>> + Send + 'static,
{
    let call: Call = Box::new(move |cx, r| {
        let request = Req::decode(r)?;
        let future = handler(cx, request);
        Ok(Box::pin(async move { future.await.map(|result| Box::new(result) as Answer) }))
    });
    Entry { name, access, meter: meters::method(name), call }
}

/// Every method that is built, found by each of its ids.
pub struct Registry {
    entries: Vec<Entry>,
    by_id: HashMap<u32, usize>,
}

impl Registry {
    /// # Panics
    /// When an entry names a method that no layer has, or two entries name the same one: faults of this
    /// program, found by the first test that makes a registry.
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut by_id = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let info = info(entry.name);
            for id in info.ids {
                let before = by_id.insert(id.id, index);
                assert!(before.is_none_or(|before| before == index), "{} stands twice", entry.name);
            }
        }
        Self { entries, by_id }
    }

    pub(crate) fn find(&self, id: u32) -> Option<&Entry> {
        self.by_id.get(&id).and_then(|index| self.entries.get(*index))
    }

    /// The names of all methods that are built.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.entries.iter().map(|entry| entry.name)
    }
}

fn info(name: &'static str) -> &'static MethodInfo {
    match tl_api::METHODS.iter().find(|method| method.name == name) {
        Some(info) => info,
        None => panic!("no layer has a method {name}"),
    }
}
