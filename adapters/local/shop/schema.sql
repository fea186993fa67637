-- The sample shop: small enough for a laptop, awkward enough to be honest. MySQL 8.0+ and MariaDB 10.6+.

CREATE TABLE customers (
  id INT NOT NULL PRIMARY KEY,
  email VARCHAR(190) NULL UNIQUE,
  name VARCHAR(120) NOT NULL,
  nickname VARCHAR(60) NULL,
  phone CHAR(20) NULL,
  birthday DATE NULL,
  is_active BOOLEAN NOT NULL,
  newsletter BIT(1) NULL,
  interests SET('books', 'music', 'garden', 'kitchen', 'spel & sport', 'été') NULL,
  loyalty ENUM('none', 'silver', 'gold', 'platinum') NOT NULL,
  balance DECIMAL(38, 10) NOT NULL,
  token BINARY(16) NOT NULL,
  external_id BIGINT UNSIGNED NULL,
  address JSON NULL,
  created_at DATETIME NOT NULL,
  last_seen TIMESTAMP(6) NULL DEFAULT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE categories (
  id INT NOT NULL PRIMARY KEY,
  parent_id INT NULL,
  name VARCHAR(80) NOT NULL,
  position SMALLINT NOT NULL,
  description TEXT NULL,
  CONSTRAINT category_parent FOREIGN KEY (parent_id) REFERENCES categories (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE products (
  id INT NOT NULL PRIMARY KEY,
  sku VARCHAR(32) NOT NULL UNIQUE,
  category_id INT NOT NULL,
  name VARCHAR(160) NOT NULL,
  description TEXT NULL,
  price DECIMAL(12, 2) NOT NULL,
  cost DECIMAL(20, 4) NULL,
  weight_kg DOUBLE NULL,
  rating FLOAT NULL,
  status ENUM('draft', 'active', 'retired') NOT NULL,
  labels SET('new', 'sale', 'fragile', 'bulky') NULL,
  is_digital BIT(1) NOT NULL,
  attributes JSON NULL,
  tags JSON NULL,
  sizes JSON NULL,
  thumbnail VARBINARY(64) NULL,
  released YEAR NULL,
  CONSTRAINT product_category FOREIGN KEY (category_id) REFERENCES categories (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE orders (
  id BIGINT NOT NULL PRIMARY KEY,
  customer_id INT NOT NULL,
  status ENUM('open', 'paid', 'shipped', 'returned') NOT NULL,
  channel VARCHAR(20) NOT NULL,
  placed_at DATETIME NOT NULL,
  paid_at TIMESTAMP(6) NULL DEFAULT NULL,
  currency CHAR(3) NOT NULL,
  total DECIMAL(14, 2) NOT NULL,
  adjustment DECIMAL(8, 3) NULL,
  is_gift BOOLEAN NOT NULL,
  delivery_time TIME NULL,
  note VARCHAR(200) NULL,
  CONSTRAINT order_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE order_items (
  order_id BIGINT NOT NULL,
  line_no SMALLINT NOT NULL,
  product_id INT NOT NULL,
  quantity INT NOT NULL,
  unit_price DECIMAL(12, 2) NOT NULL,
  engraving VARCHAR(60) NULL,
  is_returned BIT(1) NOT NULL,
  options JSON NULL,
  PRIMARY KEY (order_id, line_no),
  CONSTRAINT item_order FOREIGN KEY (order_id) REFERENCES orders (id),
  CONSTRAINT item_product FOREIGN KEY (product_id) REFERENCES products (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE reviews (
  id INT NOT NULL PRIMARY KEY,
  product_id INT NOT NULL,
  customer_id INT NULL,
  stars TINYINT NOT NULL,
  title VARCHAR(100) CHARACTER SET latin1 NULL,
  body TEXT NULL,
  votes INT NOT NULL,
  photos JSON NULL,
  written_at TIMESTAMP(6) NULL DEFAULT NULL,
  created_at DATETIME(3) NOT NULL,
  CONSTRAINT review_product FOREIGN KEY (product_id) REFERENCES products (id),
  CONSTRAINT review_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
