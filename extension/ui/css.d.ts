// Style sheets are imported for their effect: the build puts them into a file of the page.
declare module '*.css';
