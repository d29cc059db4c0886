DROP INDEX portal_access_basis;
