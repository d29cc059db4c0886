//! The stylesheet, the script and the pictures: embedded, named by the hash of what they hold, so
//! that a browser keeps them for a year and never shows an old one. Compressed once, at first use.
//!
//! A practice's accent colour is part of its stylesheet's name: the policy against inline styles
//! leaves no other place for it, and one file is one request less.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::kernel::secrets::sha256_hex;
use crate::platform::permissions::Needs;
use crate::platform::web::accent::Accent;
use crate::platform::web::errors::PageError;
use crate::platform::web::routes::Routes;

const CSS: &str = include_str!("../../../assets/anteroom.css");
const JS: &str = include_str!("../../../assets/anteroom.js");
const UPLOAD_JS: &str = include_str!("../../../assets/upload.js");
const ICON: &str = include_str!("../../../assets/icon.svg");

/// One file, ready to be sent.
struct Asset {
    kind: &'static str,
    hash: String,
    plain: Bytes,
    gzip: Bytes,
}

impl Asset {
    fn new(kind: &'static str, text: String) -> Arc<Self> {
        let hash = sha256_hex(text.as_bytes())[..16].to_owned();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        // Writing to memory does not fail; were it to, the plain form is sent.
        let gzip = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
        Arc::new(Self { kind, hash, plain: Bytes::from(text), gzip: Bytes::from(gzip) })
    }
}

static SCRIPT: LazyLock<Arc<Asset>> =
    LazyLock::new(|| Asset::new("text/javascript; charset=utf-8", JS.to_owned()));
/// For pages that send a file.
static UPLOAD: LazyLock<Arc<Asset>> =
    LazyLock::new(|| Asset::new("text/javascript; charset=utf-8", UPLOAD_JS.to_owned()));
static PICTURE: LazyLock<Arc<Asset>> = LazyLock::new(|| Asset::new("image/svg+xml", ICON.to_owned()));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/anteroom.{}.js", SCRIPT.hash));
static UPLOAD_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/upload.{}.js", UPLOAD.hash));
static ICON_PATH: LazyLock<String> = LazyLock::new(|| format!("/assets/icon.{}.svg", PICTURE.hash));

/// Stylesheets by accent. Anybody can ask for any colour, so only so many are kept.
static SHEETS: LazyLock<Mutex<HashMap<Accent, Arc<Asset>>>> = LazyLock::new(Mutex::default);
const MOST_SHEETS: usize = 512;

fn sheet(accent: Accent) -> Arc<Asset> {
    let mut sheets = SHEETS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = sheets.get(&accent) {
        return found.clone();
    }
    let made = Asset::new("text/css; charset=utf-8", format!("{CSS}\n{}", accent.css()));
    if sheets.len() >= MOST_SHEETS {
        sheets.clear();
    }
    sheets.insert(accent, made.clone());
    made
}

/// Where the stylesheet with this accent colour is.
pub fn css_path(accent: Accent) -> String {
    format!("/assets/anteroom-{}.{}.css", accent.hex(), sheet(accent).hash)
}

/// Where the script is.
pub fn js_path() -> &'static str {
    &SCRIPT_PATH
}

/// Where the script is that sends the file of a form.
pub fn upload_js_path() -> &'static str {
    &UPLOAD_PATH
}

/// Where the icon is.
pub fn icon_path() -> &'static str {
    &ICON_PATH
}

/// The routes of this file.
pub fn routes() -> Routes {
    Routes::new().get("/assets/{name}", Needs::Nothing, asset)
}

/// `NAME.HASH.EXT` to the file and the hash that was asked for.
fn find(name: &str) -> Option<(Arc<Asset>, &str)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (stem, hash) = stem.rsplit_once('.')?;
    let found = match (stem, extension) {
        ("anteroom", "js") => SCRIPT.clone(),
        ("upload", "js") => UPLOAD.clone(),
        ("icon", "svg") => PICTURE.clone(),
        (sheet_name, "css") => sheet(Accent::read(sheet_name.strip_prefix("anteroom-")?)?),
        _ => return None,
    };
    Some((found, hash))
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, PageError> {
    let (asset, asked) = find(&name).ok_or(PageError::NotFound)?;
    let etag = format!("\"{}\"", asset.hash);
    let header = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or("");
    let known =
        header(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let zipped = header(header::ACCEPT_ENCODING)
        .split(',')
        .any(|coding| coding.split(';').next().is_some_and(|c| c.trim().eq_ignore_ascii_case("gzip")))
        && !asset.gzip.is_empty();
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = if zipped { asset.gzip.clone() } else { asset.plain.clone() };
        let mut response = Body::from(body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
        if zipped {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    };
    let out = response.headers_mut();
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    // A page of the previous version may ask for a name that is gone: it gets today's, unkept.
    let kept = if asked == asset.hash { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_by_its_name_and_nothing_else_is() {
        let css = css_path(Accent::default());
        let (found, hash) = find(css.strip_prefix("/assets/").unwrap()).unwrap();
        assert_eq!(found.hash, hash);
        for path in [js_path(), upload_js_path()] {
            assert!(find(path.strip_prefix("/assets/").unwrap()).is_some());
        }
        for wrong in ["", "anteroom.css", "anteroom-zz.1.css", "x.1.js", "../1.css", "anteroom.1.css"] {
            assert!(find(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_first_visit_costs_little() {
        let css = sheet(Accent::default());
        let sum = css.gzip.len() + SCRIPT.gzip.len() + PICTURE.gzip.len();
        assert!(sum <= 24 * 1024, "{sum} bytes leave too little for the page itself");
    }
}
