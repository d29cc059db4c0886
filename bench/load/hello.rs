//! The limits: what answers the same bytes and does nothing for them. "Bare" is hyper alone, "dressed" is our
//! own layers and server around it.

use std::convert::Infallible;
use std::net::SocketAddr;

use anteroom::app;
use anteroom::platform::permissions::Needs;
use anteroom::platform::server::{self, Patience};
use anteroom::platform::stop;
use anteroom::platform::web::Routes;
use axum::body::{Body, Bytes};
use axum::http::{Response, header};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::support::world::{Engine, World};

fn body(length: usize) -> Bytes {
    Bytes::from(vec![b'.'; length])
}

/// Serves until it is killed.
pub fn main(kind: &str, to: SocketAddr, length: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(to).await.expect("listen");
        match kind {
            "bare" => bare(listener, length).await,
            "dressed" => dressed(listener, length).await,
            other => panic!("no hello of the kind {other:?}"),
        }
    });
}

async fn bare(listener: TcpListener, length: usize) {
    let body = body(length);
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let _ = socket.set_nodelay(true);
        let body = body.clone();
        tokio::spawn(async move {
            let service = service_fn(move |_| {
                let answer = Response::builder()
                    .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
                    .body(Body::from(body.clone()))
                    .expect("an answer");
                async move { Ok::<_, Infallible>(answer) }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

async fn dressed(listener: TcpListener, length: usize) {
    let world = World::open(Engine::Sqlite).await;
    let body = body(length);
    let hello = move || {
        let body = body.clone();
        async move { ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body) }
    };
    let router = app::with_layers(world.app.clone(), Routes::new().get("/hello", Needs::Nothing, hello));
    let (_stopper, stop) = stop::signal();
    let patience = Patience { connections: 8_192, connections_per_address: 8_192, ..Patience::default() };
    server::serve(listener, router, patience, stop).await;
}
