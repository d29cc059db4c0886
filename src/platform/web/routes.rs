//! Routes with what each needs beside it. A feature lists its routes here and nowhere else, so that a
//! route without a row in the access table cannot be written (AUZ-01).

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, Route, on};
use tower::{Service, layer::layer_fn};

use crate::platform::permissions::Needs;
use crate::platform::state::AppState;
use crate::platform::web::guard::note_route;

/// One route, as the table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// GET (which answers HEAD too), POST, PUT, PATCH or DELETE.
    pub method: Method,
    /// The pattern, such as `/staff/charts/{chart}`.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// What comes with a request.
    pub takes: Takes,
}

/// What comes with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing, a form or a JSON text: it is there soon.
    Little,
    /// A file, which the handler reads piece by piece behind its own limit.
    File,
}

impl Row {
    /// Is this path one of this route?
    pub fn matches(&self, path: &str) -> bool {
        let (mut of_route, mut asked) = (self.path.split('/'), path.split('/'));
        loop {
            match (of_route.next(), asked.next()) {
                (None, None) => return true,
                (Some(part), Some(asked)) if part.starts_with('{') || part == asked => {}
                _ => return false,
            }
        }
    }
}

/// A room's routes.
#[derive(Default)]
pub struct Routes {
    router: Router<AppState>,
    rows: Vec<Row>,
}

/// Put beside the request, so that the session's extractor knows what the route asked for, and the log which
/// route it was.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// What it needs.
    pub needs: Needs,
    /// The pattern, such as `/staff/charts/{chart}`.
    pub pattern: &'static str,
}

impl Routes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A page that only reads. It must not change anything (INV-05).
    pub fn get<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.on(Method::GET, MethodFilter::GET, path, needs, handler)
    }

    /// A form or an API call that changes something.
    pub fn post<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.on(Method::POST, MethodFilter::POST, path, needs, handler)
    }

    /// A form or an API call that brings a file. It may take as long as the file goes on coming; the handler reads it
    /// behind its own limit, which it is given as a layer.
    pub fn post_file<H, T>(mut self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self = self.on(Method::POST, MethodFilter::POST, path, needs, handler);
        if let Some(row) = self.rows.last_mut() {
            row.takes = Takes::File;
        }
        self
    }

    /// A part of a file, which is read as [`Routes::post_file`] says.
    pub fn put_file<H, T>(mut self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self = self.on(Method::PUT, MethodFilter::PUT, path, needs, handler);
        if let Some(row) = self.rows.last_mut() {
            row.takes = Takes::File;
        }
        self
    }

    /// An API call that replaces or changes part of something.
    pub fn patch<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.on(Method::PATCH, MethodFilter::PATCH, path, needs, handler)
    }

    /// An API call that takes something away.
    pub fn delete<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.on(Method::DELETE, MethodFilter::DELETE, path, needs, handler)
    }

    fn on<H, T>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        needs: Needs,
        handler: H,
    ) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let route = declared(on(filter, handler), Declared { needs, pattern: path });
        self.router = self.router.route(path, route);
        self.rows.push(Row { method, path, needs, takes: Takes::Little });
        self
    }

    /// The routes of both.
    pub fn and(mut self, other: Routes) -> Self {
        self.router = self.router.merge(other.router);
        self.rows.extend(other.rows);
        self
    }

    /// The router, and the table.
    pub fn into_parts(self) -> (Router<AppState>, Vec<Row>) {
        (self.router, self.rows)
    }
}

/// Puts [`Declared`] beside each request of a route. Not part of [`Routes::on`], which is compiled once a
/// handler: this is compiled once.
fn declared(route: MethodRouter<AppState>, declared: Declared) -> MethodRouter<AppState> {
    route.layer(layer_fn(move |inner: Route| Declaring { inner, declared }))
}

/// A route that says what it is before it runs. Written out because axum's own layers for functions box the
/// route and its future anew for each request.
#[derive(Clone)]
struct Declaring {
    inner: Route,
    declared: Declared,
}

impl Service<Request> for Declaring {
    type Response = Response;
    type Error = Infallible;
    type Future = <Route as Service<Request>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        note_route(&request, self.declared.pattern);
        request.extensions_mut().insert(self.declared);
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_a_route_when_each_part_is() {
        let row = Row {
            method: Method::POST,
            path: "/staff/charts/{chart}/documents/upload",
            needs: Needs::Nothing,
            takes: Takes::File,
        };
        assert!(row.matches("/staff/charts/019a/documents/upload"));
        for other in [
            "/staff/charts/documents/upload",
            "/staff/charts/1/documents/upload/",
            "/staff/charts/1/documents",
        ] {
            assert!(!row.matches(other), "{other}");
        }
    }
}
