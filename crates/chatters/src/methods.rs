//! `chatters methods`: which methods of the API are built.

use std::io::{self, Write};

use crate::cli::{MethodState, MethodsArgs};

pub(crate) fn command(args: &MethodsArgs) -> Result<(), String> {
    // Whoever closes the pipe has seen enough.
    let _ = io::stdout().write_all(page(args).as_bytes());
    Ok(())
}

fn page(args: &MethodsArgs) -> String {
    if args.filter.is_none() && args.state.is_none() {
        return api::docs::methods();
    }
    let filter = args.filter.as_deref().unwrap_or_default().to_lowercase();
    let mut lines = String::new();
    for (name, built) in api::docs::states() {
        let state = if built { MethodState::Built } else { MethodState::Missing };
        if name.to_lowercase().contains(&filter) && args.state.is_none_or(|asked| asked == state) {
            lines.push_str(if built { "built    " } else { "missing  " });
            lines.push_str(name);
            lines.push('\n');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(filter: Option<&str>, state: Option<MethodState>) -> String {
        page(&MethodsArgs { filter: filter.map(str::to_owned), state })
    }

    #[test]
    fn the_whole_page_and_parts_of_it() {
        assert_eq!(shown(None, None), api::docs::methods());
        assert_eq!(shown(Some("auth.SIGNIN"), None), "built    auth.signIn\n");
        assert_eq!(shown(Some("no such method"), None), "");
        let sign_in = "built    auth.signIn\nbuilt    auth.signUp\n";
        assert_eq!(shown(Some("auth.sign"), Some(MethodState::Built)), sign_in);
        assert_eq!(shown(Some("auth.sign"), Some(MethodState::Missing)), "");
        let all = shown(Some(""), None).lines().count();
        let [built, missing] =
            [MethodState::Built, MethodState::Missing].map(|state| shown(None, Some(state)).lines().count());
        assert!(built > 100 && missing > 0 && built + missing == all, "{built} {missing} {all}");
    }
}
