//! The limits: what answers the same bytes and does nothing for them. "Bare" is hyper alone, "dressed" is our
//! own layers and server around it. "Opening" is hyper that opens the chunks of a sealed file and sends them, "sealing"
//! is hyper that seals what it is sent and drops it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use anteroom::app;
use anteroom::kernel::cipher::{KEY, Place, Stream};
use anteroom::platform::permissions::Needs;
use anteroom::platform::server::{self, Patience};
use anteroom::platform::stop;
use anteroom::platform::web::Routes;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, header};
use futures_util::{StreamExt as _, stream};
use hyper::body::Incoming;
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
            "opening" => serve(listener, Arc::new(Sealed::of(length)), |_, sealed| opened(sealed)).await,
            "sealing" => serve(listener, Arc::new(Sealed::of(0)), sealing).await,
            other => panic!("no hello of the kind {other:?}"),
        }
    });
}

async fn bare(listener: TcpListener, length: usize) {
    serve(listener, Arc::new(body(length)), |_, body| async move {
        let answer = Response::builder().header(header::CONTENT_TYPE, "text/html; charset=utf-8");
        answer.body(Body::from(Bytes::clone(&body))).expect("an answer")
    })
    .await;
}

/// hyper alone: each request is answered by this function, which shares what is given here.
async fn serve<T, F, A>(listener: TcpListener, shared: Arc<T>, answer: F)
where
    T: Send + Sync + 'static,
    F: Fn(Request<Incoming>, Arc<T>) -> A + Copy + Send + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let _ = socket.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(request, shared.clone());
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

/// Plain bytes of a chunk, as of our own files.
const CHUNK: usize = 64 * 1024;

/// A file of so many bytes, sealed in chunks, and the key to it.
struct Sealed {
    stream: Stream,
    chunks: Vec<Bytes>,
}

impl Sealed {
    fn of(length: usize) -> Self {
        let stream = Stream::of(&[7; KEY]);
        let seal = |(number, plain): (u32, &[u8])| {
            stream.seal(number, Place::Inside, &[], plain).expect("a sealed chunk").into()
        };
        let chunks = (0..).zip(body(length).chunks(CHUNK)).map(seal).collect();
        Self { stream, chunks }
    }
}

async fn opened(sealed: Arc<Sealed>) -> Response<Body> {
    let chunks = (0..).zip(sealed.chunks.clone()).map(move |(number, chunk): (u32, Bytes)| {
        let plain = sealed.stream.open(number, Place::Inside, &[], &chunk);
        Ok::<_, Infallible>(Bytes::from(plain.expect("what was sealed")))
    });
    Response::new(Body::from_stream(stream::iter(chunks)))
}

async fn sealing(request: Request<Incoming>, sealed: Arc<Sealed>) -> Response<Body> {
    let mut pieces = Body::new(request.into_body()).into_data_stream();
    let (mut waiting, mut number) = (Vec::with_capacity(2 * CHUNK), 0);
    while let Some(Ok(piece)) = pieces.next().await {
        waiting.extend_from_slice(&piece);
        while waiting.len() >= CHUNK {
            let rest = waiting.split_off(CHUNK);
            let chunk = sealed.stream.seal(number, Place::Inside, &[], &waiting).expect("a sealed chunk");
            std::hint::black_box(chunk);
            (waiting, number) = (rest, number + 1);
        }
    }
    Response::new(Body::empty())
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
