//! From any serialisable value to the tree that both writers take.

use serde::ser::{self, Serialize, Serializer};

use super::node::{Member, Node, Position, Tree};
use super::number::MAX_INTEGER;
use super::write::WriteError;

/// Builds the tree of `value`, its members in the order they are serialised.
pub(super) fn node_of<T: Serialize + ?Sized>(value: &T) -> Result<Node, WriteError> {
    value.serialize(Builder).map(placeless)
}

fn placeless(tree: Tree) -> Node {
    Node {
        tree,
        at: Position::START,
    }
}

struct Builder;

impl Builder {
    fn integer<N: TryInto<i64>>(value: N) -> Result<Tree, WriteError> {
        value
            .try_into()
            .ok()
            .filter(|value: &i64| value.unsigned_abs() <= MAX_INTEGER)
            .map(Tree::Integer)
            .ok_or_else(|| ser::Error::custom("a whole number is beyond ±(2^53−1)"))
    }

    fn list(variant: Option<&'static str>) -> ListBuilder {
        ListBuilder {
            elements: Vec::new(),
            variant,
        }
    }

    fn object(variant: Option<&'static str>) -> ObjectBuilder {
        ObjectBuilder {
            members: Vec::new(),
            name: None,
            variant,
        }
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),+) => {$(
        fn $method(self, value: $type) -> Result<Tree, WriteError> {
            Self::integer(value)
        }
    )+};
}

impl Serializer for Builder {
    type Ok = Tree;
    type Error = WriteError;
    type SerializeSeq = ListBuilder;
    type SerializeTuple = ListBuilder;
    type SerializeTupleStruct = ListBuilder;
    type SerializeTupleVariant = ListBuilder;
    type SerializeMap = ObjectBuilder;
    type SerializeStruct = ObjectBuilder;
    type SerializeStructVariant = ObjectBuilder;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    );

    fn serialize_bool(self, value: bool) -> Result<Tree, WriteError> {
        Ok(Tree::Bool(value))
    }

    fn serialize_f32(self, value: f32) -> Result<Tree, WriteError> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<Tree, WriteError> {
        if !value.is_finite() {
            return Err(ser::Error::custom(format!(
                "{value} is not a finite number"
            )));
        }
        Ok(Tree::Float(if value == 0.0 { 0.0 } else { value }))
    }

    fn serialize_char(self, value: char) -> Result<Tree, WriteError> {
        Ok(Tree::String(value.to_string()))
    }

    fn serialize_str(self, value: &str) -> Result<Tree, WriteError> {
        Ok(Tree::String(value.to_owned()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Tree, WriteError> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<Tree, WriteError> {
        Ok(Tree::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, WriteError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Tree, WriteError> {
        Ok(Tree::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Tree, WriteError> {
        Ok(Tree::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Tree, WriteError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Tree, WriteError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree, WriteError> {
        Ok(tagged(Some(variant), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ListBuilder, WriteError> {
        Ok(Self::list(None))
    }

    fn serialize_tuple(self, _: usize) -> Result<ListBuilder, WriteError> {
        Ok(Self::list(None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<ListBuilder, WriteError> {
        Ok(Self::list(None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ListBuilder, WriteError> {
        Ok(Self::list(Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<ObjectBuilder, WriteError> {
        Ok(Self::object(None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<ObjectBuilder, WriteError> {
        Ok(Self::object(None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ObjectBuilder, WriteError> {
        Ok(Self::object(Some(variant)))
    }
}

/// The name of an enum's variant around its data.
fn tagged(variant: Option<&'static str>, tree: Tree) -> Tree {
    match variant {
        None => tree,
        Some(variant) => Tree::Mapping(vec![Member {
            name: variant.to_owned(),
            at: Position::START,
            value: placeless(tree),
        }]),
    }
}

struct ListBuilder {
    elements: Vec<Node>,
    variant: Option<&'static str>,
}

macro_rules! list_builders {
    ($($trait:ident::$method:ident),+) => {$(
        impl ser::$trait for ListBuilder {
            type Ok = Tree;
            type Error = WriteError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
                self.elements.push(node_of(value)?);
                Ok(())
            }

            fn end(self) -> Result<Tree, WriteError> {
                Ok(tagged(self.variant, Tree::Sequence(self.elements)))
            }
        }
    )+};
}
list_builders!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

struct ObjectBuilder {
    members: Vec<Member>,
    name: Option<String>,
    variant: Option<&'static str>,
}

impl ObjectBuilder {
    fn push<T: Serialize + ?Sized>(&mut self, name: String, value: &T) -> Result<(), WriteError> {
        let value = node_of(value).map_err(|error| error.in_member(&name))?;
        self.members.push(Member {
            name,
            at: Position::START,
            value,
        });
        Ok(())
    }

    fn finish(self) -> Tree {
        tagged(self.variant, Tree::Mapping(self.members))
    }
}

impl ser::SerializeMap for ObjectBuilder {
    type Ok = Tree;
    type Error = WriteError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WriteError> {
        self.name = Some(match key.serialize(Builder)? {
            Tree::String(name) => name,
            Tree::Integer(number) => number.to_string(),
            Tree::Bool(word) => word.to_string(),
            _ => return Err(ser::Error::custom("a name is not a string")),
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WriteError> {
        let name = self.name.take();
        let name = name.ok_or_else(|| <WriteError as ser::Error>::custom("a value has no name"))?;
        self.push(name, value)
    }

    fn end(self) -> Result<Tree, WriteError> {
        Ok(self.finish())
    }
}

macro_rules! object_builders {
    ($($trait:ident),+) => {$(
        impl ser::$trait for ObjectBuilder {
            type Ok = Tree;
            type Error = WriteError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), WriteError> {
                self.push(name.to_owned(), value)
            }

            fn end(self) -> Result<Tree, WriteError> {
                Ok(self.finish())
            }
        }
    )+};
}
object_builders!(SerializeStruct, SerializeStructVariant);
