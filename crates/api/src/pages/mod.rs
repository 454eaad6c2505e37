//! Web pages for people, on the public port. No cookies, no scripts, nothing from elsewhere.

mod deactivate;
mod form;

use std::sync::Arc;

use domain::BoxFuture;
use rpc::boundary::{self, Page, PageRequest};
use service::Service;

/// All pages.
pub struct Pages {
    service: Arc<Service>,
}

impl Pages {
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

impl boundary::Pages for Pages {
    fn has(&self, path: &str) -> bool {
        path == deactivate::PATH
    }

    fn respond(&self, request: PageRequest) -> BoxFuture<Page> {
        let service = Arc::clone(&self.service);
        Box::pin(async move { deactivate::respond(&service, request).await })
    }
}

/// A page with a title and what stands below it.
fn page(status: u16, title: &str, body: &str) -> Page {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body{{font:16px/1.5 sans-serif;max-width:32em;margin:3em auto;padding:0 1em}}\
         input,button{{font:inherit;padding:.4em;margin:.2em 0}}</style>\n<h1>{title}</h1>\n{body}\n</html>\n"
    );
    Page { status, html }
}
