//! `POST /hooks/bounce`: another machine hands a bounce in, signed with the shared secret. The
//! signature covers the time, so that a recorded request is worth nothing after five minutes.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::bounce::bounce;
use crate::platform::permissions::Needs;
use crate::platform::state::AppState;
use crate::platform::web::{PageError, PageResult, Routes};

/// The header that carries `t=SECONDS,v1=HEX`.
pub const SIGNATURE: &str = "anteroom-signature";
/// Seconds that the signed time may lie from ours, either way.
const WINDOW: i64 = 300;

/// The outbox's one route.
pub fn routes() -> Routes {
    Routes::new().post("/hooks/bounce", Needs::Machine, take_bounce)
}

async fn take_bounce(State(app): State<AppState>, headers: HeaderMap, body: Bytes) -> PageResult {
    let Some(secret) = &app.settings.bounce_secret else { return Err(PageError::NotFound) };
    let signature = headers.get(SIGNATURE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !is_signed(secret.reveal(), signature, &body, app.now().micros() / 1_000_000) {
        return Ok(answer(StatusCode::UNAUTHORIZED, "the signature is missing, wrong or too old\n"));
    }
    let outcome = bounce(&app, &body).await?;
    Ok(answer(StatusCode::OK, &format!("{}\n", outcome.word())))
}

fn answer(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text.to_owned()).into_response()
}

fn is_signed(secret: &str, signature: &str, body: &[u8], now: i64) -> bool {
    let field = |name: &str| {
        signature
            .split(',')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v)
    };
    let (Some(time), Some(tag)) = (field("t"), field("v1")) else { return false };
    let Ok(seconds) = time.parse::<i64>() else { return false };
    if (now - seconds).abs() > WINDOW {
        return false;
    }
    let Ok(tag) = hex::decode(tag) else { return false };
    let Some(mac) = keyed(secret, time, body) else { return false };
    mac.verify_slice(&tag).is_ok()
}

fn keyed(secret: &str, time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// The header for a body, as the other machine makes it.
pub fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    let time = seconds.to_string();
    let tag = keyed(secret, &time, body).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    format!("t={time},v1={}", hex::encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_holder_of_the_secret_signs_and_not_for_long() {
        let header = signature("the shared secret", 1_000, b"body");
        assert!(is_signed("the shared secret", &header, b"body", 1_000));
        assert!(is_signed("the shared secret", &header, b"body", 1_300));
        assert!(is_signed("the shared secret", &header, b"body", 700));
        assert!(!is_signed("the shared secret", &header, b"body", 1_301));
        assert!(!is_signed("the shared secret", &header, b"other", 1_000));
        assert!(!is_signed("another secret", &header, b"body", 1_000));
        assert!(!is_signed("the shared secret", &header.replace("t=1000", "t=1001"), b"body", 1_000));
        for odd in ["", "t=1000", "v1=00", "t=x,v1=00", "t=1000,v1=é"] {
            assert!(!is_signed("the shared secret", odd, b"body", 1_000), "{odd}");
        }
    }
}
