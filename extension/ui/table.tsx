// A table with a name and headed columns; its cells take `data-label`, which heads them where columns do not fit.
import type { ComponentChildren, JSX } from 'preact';
import './table.css';

export interface TableProps {
  caption: string;
  columns: readonly { label: string; isNumber?: boolean }[];
  children: ComponentChildren;
}

export const Table = ({ caption, columns, children }: TableProps): JSX.Element => (
  <div class="table-place">
    <table class="table">
      <caption class="away">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ label, isNumber }) => (
            <th key={label} scope="col" class={isNumber === true ? 'number' : undefined}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);
